import { describe, expect, test } from "bun:test";
import { slashRows } from "../../../src/cli/chat/slash.ts";
import { buildGuides } from "../../../src/cli/guides.ts";
import { VERBS } from "../../../src/commands/table.ts";
import { HELP_EN } from "../../../src/ui/help/en.ts";
import {
  answerSentences,
  findAnswers,
  type HelpTexts,
  helpEntries,
  relatedAnswers,
} from "../../../src/ui/help/help.ts";
import { HELP_ID } from "../../../src/ui/help/id.ts";

const LANGUAGES: readonly (readonly [string, HelpTexts])[] = [
  ["English", HELP_EN],
  ["Indonesian", HELP_ID],
];
const SLASH = slashRows().map(({ name }) => name);
const GUIDES = new Set(buildGuides().map(({ name }) => name));

describe.each(LANGUAGES)("the answers in %s", (_, texts) => {
  test("are short, and each part has at least twelve", () => {
    for (const { entries } of Object.values<HelpTexts[keyof HelpTexts]>(texts)) {
      expect(Object.keys(entries).length).toBeGreaterThanOrEqual(12);
    }
    for (const { question, answer } of helpEntries(texts)) {
      expect(question.length).toBeLessThanOrEqual(80);
      expect(answer.length).toBeLessThanOrEqual(330);
    }
  });

  test("name only commands and guides that exist", () => {
    for (const { answer, guide } of helpEntries(texts)) {
      if (guide !== undefined) expect(GUIDES).toContain(guide);
      for (const [, code = ""] of answer.matchAll(/`([^`]+)`/g)) {
        const [first = "", second = ""] = code.split(" ");
        if (first === "chat") expect(Object.keys(VERBS)).toContain(second);
        else if (first.startsWith("/")) expect(SLASH).toContain(first.slice(1));
      }
    }
  });

  test("have at most three sentences, which lose nothing", () => {
    for (const entry of helpEntries(texts)) {
      const sentences = answerSentences(entry);
      expect(sentences.length).toBeLessThanOrEqual(3);
      expect(sentences.join(" ")).toBe(entry.answer);
    }
  });

  test("lead on to other questions", () => {
    for (const entry of helpEntries(texts)) {
      const related = relatedAnswers(texts, entry);
      expect(related.length).toBeLessThanOrEqual(3);
      expect(related.map(({ id }) => id)).not.toContain(entry.id);
    }
  });

  test("have questions of their own", () => {
    const questions = helpEntries(texts).map(({ question }) => question);
    expect(new Set(questions).size).toBe(questions.length);
  });
});

test("names of questions are no tabs of the page, and the same in both languages", () => {
  const ids = helpEntries(HELP_EN).map(({ id }) => id);
  expect(helpEntries(HELP_ID).map(({ id }) => id)).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => ["questions", "keys", "experts"].includes(id))).toEqual([]);
  const counts = (texts: HelpTexts) =>
    helpEntries(texts).map((entry) => [entry.id, answerSentences(entry).length]);
  expect(counts(HELP_ID)).toEqual(counts(HELP_EN));
});

test("an answer names the questions that share its words", () => {
  const handIn = helpEntries(HELP_EN).find(({ id }) => id === "handIn");
  if (handIn === undefined) throw new Error("the question is gone");
  expect(relatedAnswers(HELP_EN, handIn).map(({ id }) => id)).toEqual(["assign", "late", "hand"]);
});

test("both languages have the same guides", () => {
  const guides = (texts: HelpTexts) => helpEntries(texts).map(({ guide }) => guide);
  expect(guides(HELP_ID)).toEqual(guides(HELP_EN));
});

/** Words of people from public reports and forums, and the question that answers them. */
test.each([
  ["late", "How do I see who handed in late, or not at all?"],
  ["how do I see who is late?", "How do I see who handed in late, or not at all?"],
  ["mute", "How do I make a room quiet?"],
  ["turn off notifications", "How do I make a room quiet?"],
  ["forgot password", "I have forgotten my password, or lost my card"],
  ["block a bully", "Somebody is unkind. What can I do?"],
  ["status bar", "How do I see in a status bar what is new?"],
  ["homework", "How do I hand in my work?"],
  ["raise hand", "How do I raise my hand?"],
  ["wifi phone", "The page does not open on a phone"],
  ["disk full", "The disk is nearly full"],
  ["certificate warning", "The browser warns about the page. May I continue?"],
  ["log out library", "How do I leave a shared computer?"],
  ["newline", "How do I write several lines?"],
  ["slack", "Can I bring the history of another chat?"],
  ["nginx", "How do I put it behind a proxy or a real certificate?"],
])("%p is answered", (query, question) => {
  expect(findAnswers(HELP_EN, query)[0]?.question).toBe(question);
});

test("nothing answers nonsense", () => {
  for (const query of ["zzz", "", "?!", "x".repeat(10_000)]) {
    expect(findAnswers(HELP_EN, query)).toEqual([]);
  }
});
