import { describe, expect, test } from "bun:test";
import {
  checkDisplayName,
  isDisplayName,
  isTitle,
  skeletonsOf,
} from "../../src/base/display-names.ts";
import { Fault } from "../../src/base/fault.ts";

function problem(text: string): string {
  try {
    checkDisplayName(text);
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
  return "";
}

function isAlike(a: string, b: string): boolean {
  return skeletonsOf(a).some((key) => skeletonsOf(b).includes(key));
}

const WRONG_SIGNS = "a display name consists of letters, digits, spaces and . , ' · -";
const MIXED = "a display name cannot mix letters of these alphabets";
const TOO_LONG = "a display name has at most 40 characters";

describe("checkDisplayName", () => {
  test.each([
    ...["Ana Ruíz", "Bu Sari", "O'Neil, Sean", "Ruiz-García A.", "Jl 3", "ʻIolani"],
    ...["李小龙", "山田 太郎", "ヤマダ・タロウ", "김민수", "Анна Иванова", "Ελένη", "שרה כהן"],
    ...["علی‌رضا", "ශ්‍රී ලාල්", "ג׳ורג׳", "בת־אל", "നയന്‍താര", "Қайрат", "О’Коннор", "佐々木 太郎"],
    ...["فاطمة الزهراء", "शर्मिला", "สมชาย ใจดี", "Ana 李", "Ana شرق", "Đặng Thị Ánh Nguyệt"],
  ])("accepts %j", (name) => {
    expect(checkDisplayName(name)).toBe(name.normalize("NFC"));
    expect(isDisplayName(name.normalize("NFC"))).toBe(true);
  });

  test("stores NFC with single spaces", () => {
    expect(checkDisplayName("  Ana\u00a0 \tRui\u0301z ")).toBe("Ana Ruíz");
    expect(isDisplayName(" Ana")).toBe(false);
    expect(isDisplayName("Rui\u0301z")).toBe(false);
  });

  test.each([
    ...[
      "",
      " ",
      "123",
      "-",
      "ʼ",
      "Bu Sari 👩‍🏫",
      "ana ✅",
      "Ana (operator)",
      "[x] ana",
      "a@b",
      "#a",
    ],
    ...[
      "a\u200bb",
      "a\u200db",
      "a\u200cb",
      "क\u200dर",
      "ن\u200dن",
      "\u202eana",
      "a\u2066b",
      "a\0b",
      "a\u00adb",
      "a\ufe0fb",
      "ㅤa",
    ],
    ...["\u0301ana", "ana \u0301b", `a${"\u0336".repeat(5)}`, "a\u20dd", "ⓐna", "Ⅳan", "a_b"],
  ])("refuses the signs of %j", (name) => {
    expect(problem(name)).toBe(WRONG_SIGNS);
  });

  test.each(["Аna", "anα", "Ивαн", "李Анна", "김山カ", "ᎪᏁᎪ", "𝐀𝐧𝐚", "ana𝟏", "שרهה"])(
    "refuses the alphabets of %j",
    (name) => {
      expect(problem(name)).toBe(MIXED);
    },
  );

  test("limits letters and bytes", () => {
    expect(problem("é".repeat(40))).toBe("");
    expect(problem("é".repeat(41))).toBe(TOO_LONG);
    expect(problem("李".repeat(40))).toBe("");
    expect(problem("\u{20000}".repeat(40))).toBe("");
    expect(problem(`${"\u{20000}".repeat(40)}a`)).toBe(TOO_LONG);
    expect(problem(`a${" ".repeat(1_000_000)}b`)).toBe(TOO_LONG);
    expect(problem("a".repeat(1_000_000))).toBe(TOO_LONG);
  });

  test.each(["Everyone", "hëre", "Ореrаtor", "0perator", "ADMlN", "S e r v e r", "ѕеrvеr"])(
    "reserves %j",
    (name) => {
      expect([`'${name}' is reserved`, MIXED]).toContain(problem(name));
    },
  );
});

test.each(["Administrator", "the 0perator", "SYSTEM", "chat-server", "Sistem", "Server obrolan"])(
  "%j is a title, which clients display",
  (name) => {
    expect([isTitle(name), isDisplayName(name)]).toEqual([true, true]);
  },
);

describe("skeletonsOf", () => {
  test.each([
    ["Ana Ruíz", "ana-ruiz"],
    ["Ana Ruiz", "AnaRuiz"],
    ["Bob", "b0b"],
    ["Ian", "lan"],
    ["Bill", "BI11"],
    ["modern", "modem"],
    ["Аса", "Aca"],
    ["НАТ", "hat"],
    ["ΗΑΤ", "HAT"],
    ["Ηαν", "Hav"],
    ["Νίκος", "ΝΊΚΟΣ"],
    ["νικος", "ΝΙΚΟΣ"],
    ["Søren", "Soren"],
    ["Łukasz", "Lukasz"],
    ["Ａｎａ", "Ana"],
    ["O'Neil", "Oʼneil"],
    ["Андрей", "андреи"],
    ["ياسر", "یاسر"],
    ["كريم", "کريم"],
    ["محمد", "محمـد"],
    ["علی‌رضا", "علیرضا"],
    ["山口", "山ロ"],
    ["二宮", "ニ宮"],
    ["工藤", "エ藤"],
    ["へ", "ヘ"],
    ["O'Brien", "OꞌBrien"],
    ["Ben", "ʙᴇɴ"],
    ["Bowman", "Bovvman"],
    ["Ana", "Anaǃ"],
    ["Bill", "Bi丨l"],
    ["Bob", "Bㅇb"],
  ])("%j looks like %j", (a, b) => {
    expect(isAlike(a, b)).toBe(true);
    expect(isAlike(b, a)).toBe(true);
  });

  test.each([
    ["Ana", "Anna"],
    ["Ana Ruiz", "Ana Ruiz B"],
    ["राम", "रमा"],
    ["กา", "กี"],
    ["李", "季"],
    ["Иван", "Ивана"],
    ["Van", "Han"],
    ["はた", "はだ"],
    ["かとう", "がとう"],
    ["ミノル", "ミル"],
    ["بتول", "بيول"],
    ["نور", "تور"],
    ["ثامر", "تامر"],
    ["יוסי", "וסי"],
    ["Анна", "Инна"],
    ["김민수", "김민서"],
    ["हरि", "हरी"],
  ])("%j does not look like %j", (a, b) => {
    expect(isAlike(a, b)).toBe(false);
  });

  test("no letter of the table maps to a letter that maps to another one", () => {
    for (const letter of "abcdefghjklmnopqrstuvwxyz") expect(skeletonsOf(letter)).toEqual([letter]);
  });
});
