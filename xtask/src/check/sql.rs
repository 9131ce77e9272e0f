//! As much of SQL as the lint of migrations needs: which tables and columns a file makes, and which
//! it comments on.

use std::collections::BTreeSet;

/// What a table's definition may begin with beside a column.
const NO_COLUMN: [&str; 7] = [
    "CONSTRAINT",
    "PRIMARY",
    "UNIQUE",
    "FOREIGN",
    "CHECK",
    "EXCLUDE",
    "LIKE",
];

/// Tables (`chats`) and columns (`chats.title`).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub made: BTreeSet<String>,
    pub commented: BTreeSet<String>,
}

impl Names {
    /// Reads the statements of a file.
    pub fn read(&mut self, text: &str) {
        for statement in statements(text) {
            self.statement(&statement);
        }
    }

    fn statement(&mut self, statement: &str) {
        let (head, body) = statement.split_once('(').unwrap_or((statement, ""));
        let words: Vec<&str> = head.split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        match upper[..] {
            // A partition has the columns of its parent.
            ["CREATE", "TABLE", ..] if upper.contains(&"OF") => {}
            ["CREATE", "TABLE", ..] => self.table(name(words.last().unwrap_or(&"")), body),
            ["COMMENT", "ON", "TABLE" | "COLUMN", _, "IS", ..] => {
                self.commented.insert(name(words[3]));
            }
            ["ALTER", "TABLE", ..] => self.added_columns(statement),
            _ => {}
        }
    }

    fn table(&mut self, table: String, body: &str) {
        for item in items(body) {
            let Some(first) = item.split_whitespace().next() else {
                continue;
            };
            if !NO_COLUMN.contains(&first.to_uppercase().as_str()) {
                self.made.insert(format!("{table}.{}", name(first)));
            }
        }
        self.made.insert(table);
    }

    fn added_columns(&mut self, statement: &str) {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let is = |at: usize, word: &str| {
            words
                .get(at)
                .is_some_and(|it| it.eq_ignore_ascii_case(word))
        };
        let skip = |at: usize, phrase: &[&str]| {
            let there = phrase.iter().enumerate().all(|(i, word)| is(at + i, word));
            if there { at + phrase.len() } else { at }
        };
        let table = skip(skip(2, &["IF", "EXISTS"]), &["ONLY"]);
        for at in (0..words.len()).filter(|at| is(*at, "ADD") && is(at + 1, "COLUMN")) {
            let column = skip(at + 2, &["IF", "NOT", "EXISTS"]);
            if let (Some(table), Some(column)) = (words.get(table), words.get(column)) {
                self.made
                    .insert(format!("{}.{}", name(table), name(column)));
            }
        }
    }
}

fn name(word: &str) -> String {
    word.trim_matches([',', ';'])
        .replace('"', "")
        .to_lowercase()
}

/// Statements without comments; texts in quotes become `''`, bodies in dollars disappear.
fn statements(text: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['-', '\'', '$']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with("--") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            plain.push_str("''");
            rest = quoted.find('\'').map_or("", |end| &quoted[end + 1..]);
        } else if let Some(body) = rest.strip_prefix("$$") {
            rest = body.find("$$").map_or("", |end| &body[end + 2..]);
        } else {
            plain.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    plain
        .split(';')
        .map(|statement| statement.trim().to_owned())
        .collect()
}

/// The parts of a table's body, split at commas that stand in no further bracket.
fn items(body: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 1;
    for c in body.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            break;
        }
        if c == ',' && depth == 1 {
            items.push(String::new());
        } else if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let mut names = Names::default();
        names.read(text);
        (
            names.made.into_iter().collect(),
            names.commented.into_iter().collect(),
        )
    }

    #[test]
    fn tables_columns_and_comments_are_read() {
        let text = "
            -- chats; (not this)
            CREATE TABLE IF NOT EXISTS chats (
                account_id uuid NOT NULL,
                price numeric(10, 2) DEFAULT 0 CHECK (price > 0), -- a, b
                title text DEFAULT 'a, b; (c',
                PRIMARY KEY (account_id, price),
                CONSTRAINT known CHECK (title <> '')
            ) PARTITION BY RANGE (account_id);
            CREATE TABLE chats_1 PARTITION OF chats FOR VALUES IN (1);
            ALTER TABLE chats ADD COLUMN IF NOT EXISTS etag text, ADD COLUMN n integer;
            COMMENT ON TABLE chats IS 'It''s; a comment';
            COMMENT ON COLUMN chats.title IS 'x';
            CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE no (a int); END $$;";
        let (made, commented) = read(text);
        assert_eq!(
            made,
            [
                "chats",
                "chats.account_id",
                "chats.etag",
                "chats.n",
                "chats.price",
                "chats.title"
            ]
        );
        assert_eq!(commented, ["chats", "chats.title"]);
    }
}
