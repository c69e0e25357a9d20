import { expect, test } from "bun:test";
import { eventFactsOf } from "../../../src/core/client/event-facts.ts";
import { RULE_NAMES } from "../../../src/core/rooms/rule-names.ts";
import { changedRules } from "../../../src/core/rooms/rules.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { eventPhrase } from "../../../src/ui/text/event-text.ts";
import { ruleFacts, rulesChangeText } from "../../../src/ui/text/rules-text.ts";
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
  expect(phrase({ ...rules, changed: ["slow"] })).toBe("changed the rules: Slow mode: 30 seconds");
  expect(phrase({ post: "moderators", changed: ["slow"] })).toBe(
    "changed the rules: Slow mode: off",
  );
});

test("the names of rules are in the order of their facts", () => {
  const rules = { post: "private", topic: "moderators", slow: 5, join: "approval" } as const;
  const all = { ...rules, everyone: "everyone", newcomers: true, boxes: "open", due: 1 } as const;
  const facts = ruleFacts(all, ENGLISH);
  for (const [i, name] of RULE_NAMES.entries()) {
    const [label, value] = facts[i] ?? [];
    expect(rulesChangeText(all, [name], ENGLISH)).toBe(`${label}: ${value}`);
    const without = ruleFacts({ ...all, [name]: undefined }, ENGLISH);
    expect(without.flatMap((fact, at) => (fact[1] === facts[at]?.[1] ? [] : [at]))).toEqual([i]);
  }
});

test("lists all rules if a record does not say which ones changed", () => {
  const all = "changed the rules: Posting: moderators, Slow mode: 30 seconds";
  for (const changed of [undefined, [], ["later"], [1]])
    expect(phrase({ post: "moderators", slow: 30, changed })).toBe(all);
});
