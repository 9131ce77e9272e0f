//! What files may be, alike for employees, programs and clients of every channel.

/// The largest file, in bytes.
pub const MAX_SIZE: u64 = 100 << 20;

/// Files of one message at most.
pub const MOST: usize = 10;

/// The longest name, in characters.
pub const MAX_NAME: usize = 200;

/// A sound or film of more than a day is none.
pub const MAX_DURATION_MS: i64 = 24 * 60 * 60 * 1_000;

/// Bytes of a part, where a file comes part by part: little is lost when a connection breaks.
pub const PART_SIZE: usize = 128 << 10;

/// Endings of names that some system runs when somebody opens the file. Files with them are not taken.
pub const PROGRAMS: [&str; 36] = [
    "apk", "app", "bat", "cmd", "com", "command", "cpl", "deb", "desktop", "dll", "dmg", "exe",
    "gadget", "hta", "inf", "jar", "js", "jse", "lnk", "msc", "msi", "msp", "pif", "pkg", "ps1",
    "ps2", "reg", "rpm", "scr", "sct", "sh", "svg", "vb", "vbe", "vbs", "wsf",
];
