import { describe, expect, test } from "vitest";
import { splitLinks } from "../src/app/view/links";

const links = (text: string) =>
  splitLinks(text)
    .filter(({ href }) => href)
    .map(({ text: shown, href }) => [shown, href]);

describe("addresses in a message", () => {
  test.each([
    ["plain text", []],
    ["https://example.org", [["https://example.org", "https://example.org/"]]],
    ["see www.example.org/a.", [["www.example.org/a", "https://www.example.org/a"]]],
    ["(https://example.org/a_(b))!", [["https://example.org/a_(b)", "https://example.org/a_(b)"]]],
    ["«https://example.org/x»", [["https://example.org/x", "https://example.org/x"]]],
    ["HTTP://EXAMPLE.ORG/?q=1,2;", [["HTTP://EXAMPLE.ORG/?q=1,2", "http://example.org/?q=1,2"]]],
    ["https://пример.рф/путь", [["https://пример.рф/путь", expect.stringMatching(/^https:\/\/xn--/)]]],
  ])("%s", (text, expected) => {
    expect(links(text)).toEqual(expected);
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "https://",
    "http://nohost",
    "file:///etc/passwd",
    "ftp://example.org",
  ])("%s stays text", (text) => expect(links(text)).toEqual([]));

  test("the pieces put together are the text", () => {
    const text = "a https://example.org/b), www.c.example: d <b>https://e.example</b>";
    expect(
      splitLinks(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });
});
