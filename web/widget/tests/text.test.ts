import { expect, test } from "vitest";
import { cleanLine, cleanText, countCharacters } from "../src/app/text";

test("a message keeps its lines and loses what cannot be seen", () => {
  expect(cleanText("  one\r\ntwo\rthree\tfour\u0000\u000b\u009b ")).toBe("one\ntwo\nthree\tfour");
  expect(cleanText("\u0000 \n")).toBe("");
});

test("a line is one and not longer than allowed", () => {
  expect(cleanLine(" Anna\n\tPetrova\u0007 ", 200)).toBe("Anna Petrova");
  expect(cleanLine("😀😀😀", 2)).toBe("😀😀");
});

test("characters are counted as the server counts them", () => {
  expect(countCharacters("я😀")).toBe(2);
});
