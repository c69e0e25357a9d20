import { expect, test } from "bun:test";
import { activityOf } from "../../../src/core/model/activity.ts";
import { recordEvent, scene } from "../model-scene.ts";

const mention = { text: "@ana", mentions: ["ana"] };

test("lists mentions and reactions of others, the newest first", () => {
  const { model } = scene(
    recordEvent(2, { body: mention }),
    recordEvent(3, { from: "ana" }),
    recordEvent(4, { kind: "reaction", body: { re: 3, react: "+" } }),
    recordEvent(5),
  );
  const entries = activityOf(model).map(({ kind, item, by, sign }) => [kind, item.seq, by, sign]);
  expect(entries).toEqual([
    ["mention", 2, "ben", undefined],
    ["reaction", 3, "ben", "+"],
  ]);
});

test("omits the user's own mentions and ignored people", () => {
  const { model } = scene(
    { kind: "ignored", users: ["ben"] },
    recordEvent(2, { body: mention }),
    recordEvent(3, { from: "ana", body: mention }),
  );
  expect(activityOf(model)).toEqual([]);
});
