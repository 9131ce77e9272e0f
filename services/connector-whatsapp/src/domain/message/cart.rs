//! Baskets (WA-05). Prices are decimal: no amount goes through a binary fraction.

use serde_json::Value;

use super::Content;
use crate::domain::payload::{list, text};

/// A basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// What is in it: 1 to 100 positions.
    pub items: Vec<Position>,
    /// What the client wrote with it.
    pub note: String,
}

/// A position of a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The shop's id of the product.
    pub product_id: String,
    /// How many.
    pub quantity: i32,
    /// The price of one.
    pub price: Money,
}

/// An amount: `units` and billionths of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// ISO 4217.
    pub currency: String,
    /// Whole units.
    pub units: i64,
    /// Billionths of a unit.
    pub nanos: i32,
}

/// Positions of a basket at most.
const MOST: usize = 100;

/// The longest note, in characters.
const LONGEST_NOTE: usize = 4_096;

/// The largest amount, in whole units.
const LARGEST: i64 = 1_000_000_000_000;

/// A basket. One that does not fit is told in words, so that nothing of it is lost.
pub fn content(order: &Value) -> Option<Content> {
    let items = list(order, "product_items");
    let is_shown = |c: &char| !c.is_control() || *c == '\n';
    let note: String = text(order, "text").chars().filter(is_shown).collect();
    let positions: Option<Vec<Position>> = items.iter().map(position).collect();
    let fits = (1..=MOST).contains(&items.len()) && note.chars().count() <= LONGEST_NOTE;
    let positions = positions.filter(|_| fits);
    if let Some(items) = positions {
        return Some(Content {
            cart: Some(Cart { items, note }),
            ..Content::default()
        });
    }
    let lines = items.iter().map(|item| {
        let [id, quantity, price, currency] =
            ["product_retailer_id", "quantity", "item_price", "currency"]
                .map(|name| text(item, name));
        format!("{id} × {quantity}: {price} {currency}")
    });
    let lines: Vec<String> = lines.collect();
    let words = format!("🛒 {note}\n{}", lines.join("\n"));
    Some(Content {
        text: words.chars().take(16_384).collect(),
        ..Content::default()
    })
}

fn position(item: &Value) -> Option<Position> {
    let product_id = text(item, "product_retailer_id");
    let quantity: i32 = text(item, "quantity").parse().ok()?;
    let price = money(&text(item, "item_price"), &text(item, "currency"))?;
    let is_named = product_id.len() <= 200 && !product_id.chars().any(char::is_control);
    let fits = is_named && (1..=1_000_000).contains(&quantity);
    fits.then_some(Position {
        product_id,
        quantity,
        price,
    })
}

/// A decimal number with at most nine places, exactly as it is written.
pub fn money(amount: &str, currency: &str) -> Option<Money> {
    let is_currency = currency.len() == 3 && currency.bytes().all(|c| c.is_ascii_uppercase());
    let (units, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let are_digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    let fits =
        !units.is_empty() && fraction.len() <= 9 && are_digits(units) && are_digits(fraction);
    if !fits || !is_currency {
        return None;
    }
    let units: i64 = units.parse().ok().filter(|it| *it <= LARGEST)?;
    let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
    Some(Money {
        currency: currency.to_owned(),
        units,
        nanos,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_exact() {
        let amount = |text: &str| money(text, "ILS").map(|it| (it.units, it.nanos));
        assert_eq!(amount("30"), Some((30, 0)));
        assert_eq!(amount("0.1"), Some((0, 100_000_000)));
        assert_eq!(amount("19.99"), Some((19, 990_000_000)));
        assert_eq!(amount("1000000000000.000000001"), Some((LARGEST, 1)));
        for wrong in [
            "",
            ".5",
            "-1",
            "1e3",
            "1.0000000001",
            "1,5",
            "1000000000001",
        ] {
            assert_eq!(amount(wrong), None, "{wrong}");
        }
        assert_eq!(money("1", "ils"), None);
    }

    #[test]
    fn numbers_of_json_keep_their_places() {
        let order: Value = serde_json::from_str(
            r#"{"product_items": [{"product_retailer_id": "SKU", "quantity": 3, "item_price": 19.99, "currency": "ILS"}], "text": "soon"}"#,
        )
        .unwrap();
        let cart = content(&order).unwrap().cart.unwrap();
        let price = cart.items[0].price.clone();
        assert_eq!((price.units, price.nanos), (19, 990_000_000));
        assert_eq!((cart.items[0].quantity, &cart.note[..]), (3, "soon"));
    }

    #[test]
    fn what_does_not_fit_is_told_in_words() {
        let order = json!({"product_items": [{"product_retailer_id": "SKU", "quantity": 0, "item_price": "free"}]});
        let told = content(&order).unwrap();
        assert!(told.cart.is_none());
        assert_eq!(told.text, "🛒 \nSKU × 0: free ");
    }
}
