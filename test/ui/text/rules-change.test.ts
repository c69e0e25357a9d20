import { expect, test } from "bun:test";
import { eventFactsOf } from "../../../src/core/client/event-facts.ts";
import { RULE_NAMES } from "../../../src/core/rooms/rule-names.ts";
import { changedRules } from "../../../src/core/rooms/rules.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { INDONESIAN } from "../../../src/ui/messages/id/page.ts";
import { eventPhrase } from "../../../src/ui/text/event-text.ts";
import { rulesChangeText } from "../../../src/ui/text/rules-text.ts";
import { fieldsOf } from "../../../src/wire/kinds.ts";

function phrase(body: Readonly<Record<string, unknown>>): string {
  const facts = eventFactsOf({ kind: "rules", body }, fieldsOf("rules", body));
  const style = { texts: ENGLISH, timeOf: String, nameOf: String };
  return eventPhrase({ ...facts, kind: "rules", from: "ana" }, style);
}

test("names only the rules that a change concerns, also back to their defaults", () => {
  const rules = { post: "moderators", slow: 30 } as const;
  expect(changedRules({ post: "moderators" }, rules)).toEqual(["slow"]);
  expect(changedRules(rules, {})).toEqual(["post", "slow"]);
  expect(phrase({ ...rules, changed: ["slow"] })).toBe("set slow mode to 30 seconds");
  expect(phrase({ post: "moderators", changed: ["slow"] })).toBe("turned slow mode off");
  expect(phrase({ ...rules, changed: ["post", "slow"] })).toBe(
    "let only moderators post, set slow mode to 30 seconds",
  );
});

test("has an own phrase for each rule that is set, and for its default", () => {
  const rules = { post: "private", topic: "moderators", slow: 5, join: "approval" } as const;
  const all = { ...rules, everyone: "everyone", newcomers: true, boxes: "open", due: 1 } as const;
  for (const texts of [ENGLISH, INDONESIAN]) {
    const phrases = RULE_NAMES.flatMap((name) => [
      rulesChangeText(all, [name], texts),
      rulesChangeText({ ...all, [name]: undefined }, [name], texts),
    ]);
    expect(new Set(phrases).size).toBe(2 * RULE_NAMES.length);
    expect(rulesChangeText(all, RULE_NAMES, texts).split(", ").length).toBe(RULE_NAMES.length);
  }
});

test("lists all rules if a record does not say which ones changed", () => {
  const all = "changed the rules: Posting: moderators, Slow mode: 30 seconds";
  for (const changed of [undefined, [], ["later"], [1]])
    expect(phrase({ post: "moderators", slow: 30, changed })).toBe(all);
});
