import { expect, test } from "bun:test";
import { eventFactsOf } from "../../../src/core/client/event-facts.ts";
import { changedRules } from "../../../src/core/rooms/rules.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { eventPhrase } from "../../../src/ui/text/event-text.ts";
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

test("lists all rules if a record does not say which ones changed", () => {
  const all = "changed the rules: Posting: moderators, Slow mode: 30 seconds";
  for (const changed of [undefined, [], ["later"], [1]])
    expect(phrase({ post: "moderators", slow: 30, changed })).toBe(all);
});
