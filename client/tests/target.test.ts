import { expect, test } from "vitest";
import { readTarget } from "../src/features/target";

test.each([
  ["102", "102"],
  [" 0171 555-01 99 ", "01715550199"],
  ["+49 (0)171 / 555.0199", "+491715550199"],
  ["(0711) 555 01", "071155501"],
  ["tel:+49-171-5550199", "+491715550199"],
  ["callto://0171 5550199", "01715550199"],
  ["*21*102#", "*21*102#"],
  ["\u202a+49 171 5550199\u202c", "+491715550199"],
  ["0711\u2013555\u00a001", "071155501"],
  ["tel:102;phone-context=example.com", "102"],
])("%s is the number %s", (text, to) => {
  expect(readTarget(text)).toEqual({ kind: "number", to });
});

test.each([
  ["anna@example.com", "sip:anna@example.com"],
  ["sip:anna@example.com", "sip:anna@example.com"],
  ["SIPS:anna@example.com:5061", "SIPS:anna@example.com:5061"],
  ["<sip:anna@example.com>", "sip:anna@example.com"],
  ["sip:conference", "sip:conference"],
])("%s is the address %s", (text, to) => {
  expect(readTarget(text)).toEqual({ kind: "address", to });
});

test.each(["Anna", "Ben C", "2nd floor", "o'Neill", "-", "( )"])("%s is a name", (words) => {
  expect(readTarget(words).kind).toBe("name");
});

test("nothing is nothing", () => {
  expect(readTarget("  \u200b ")).toEqual({ kind: "nothing" });
});
