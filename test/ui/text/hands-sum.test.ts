import { expect, test } from "bun:test";
import { itemOf } from "../../../src/core/model/item.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { INDONESIAN } from "../../../src/ui/messages/id/page.ts";
import { eventText } from "../../../src/ui/text/event-text.ts";
import { timesIn } from "../../../src/ui/text/times.ts";
import { record } from "../../core/model-scene.ts";

function hand(name: string, body: object) {
  return itemOf(
    record(3, { kind: "hand", body: { user: name, name, on: false, ...body } }),
    "ana",
    () => false,
  );
}

function sum(texts: typeof ENGLISH, ...events: readonly ReturnType<typeof hand>[]): string {
  const earlier = events.slice(0, -1);
  const last = events.at(-1);
  return last === undefined ? "" : eventText(last, texts, timesIn(texts), { earlier });
}

const up = (name: string) => hand(name, { on: true });
const call = (name: string) => hand(name, { call: true });
const down = (name: string) => hand(name, {});

test("counts hands once, and names who was called on", () => {
  expect(sum(ENGLISH, up("ben"), up("cleo"))).toBe("2 hands");
  expect(sum(ENGLISH, up("ben"), call("ben"), down("ben"))).toBe("1 hand, called on ben");
  expect(sum(ENGLISH, down("ben"), down("cleo"))).toBe("hands lowered");
  const all = ["ben", "cleo", "dora", "eva", "finn"];
  const lesson = [...all.map(up), ...all.map(call)];
  expect(sum(ENGLISH, ...lesson)).toBe("5 hands, called on ben, cleo, dora and 2 others");
  expect(sum(INDONESIAN, up("ben"), call("ben"))).toBe("1 tangan, dipanggil: ben");
});
