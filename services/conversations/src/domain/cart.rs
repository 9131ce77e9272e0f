//! Baskets that clients send (CHW-27).

use serde::{Deserialize, Serialize};

/// Positions at most.
pub const MOST_ITEMS: usize = 100;

/// Billionths in a unit.
const NANOS: i128 = 1_000_000_000;

/// An exact amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// ISO 4217.
    pub currency: String,
    /// Whole units, not negative.
    pub units: i64,
    /// Billionths of a unit, not negative.
    pub nanos: i32,
}

/// A position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The shop's id of the product.
    pub product_id: String,
    /// Its name; empty when the channel does not tell it.
    pub title: String,
    /// How many.
    pub quantity: i32,
    /// The price of one.
    pub price: Money,
}

/// A basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// What is in it.
    pub items: Vec<Item>,
    /// What the client wrote with it.
    pub note: String,
}

impl Cart {
    /// The sum of all positions; `None` when they differ in currency, or the sum is beyond all reason.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        let currency = &self.items.first()?.price.currency;
        let mut sum: i128 = 0;
        for item in &self.items {
            if item.price.currency != *currency {
                return None;
            }
            let one = i128::from(item.price.units) * NANOS + i128::from(item.price.nanos);
            sum += one * i128::from(item.quantity);
        }
        Some(Money {
            currency: currency.clone(),
            units: i64::try_from(sum / NANOS).ok()?,
            nanos: i32::try_from(sum % NANOS).ok()?,
        })
    }

    /// How a list shows a message that is only this basket: without words.
    #[must_use]
    pub fn summary(&self) -> String {
        let count: i64 = self.items.iter().map(|item| i64::from(item.quantity)).sum();
        format!("🛒 {count}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(quantity: i32, units: i64, nanos: i32, currency: &str) -> Item {
        Item {
            product_id: "1".to_owned(),
            title: String::new(),
            quantity,
            price: Money {
                currency: currency.to_owned(),
                units,
                nanos,
            },
        }
    }

    #[test]
    fn a_basket_is_summed_exactly() {
        let items = vec![
            item(3, 0, 100_000_000, "RUB"),
            item(1, 0, 700_000_000, "RUB"),
        ];
        let mut cart = Cart {
            items,
            note: String::new(),
        };
        let total = cart.total().unwrap();
        assert_eq!((total.units, total.nanos), (1, 0));
        assert_eq!(cart.summary(), "🛒 4");
        cart.items.push(item(1, 1, 0, "USD"));
        assert_eq!(cart.total(), None, "roubles and dollars have no sum");
    }
}
