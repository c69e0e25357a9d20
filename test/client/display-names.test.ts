import { expect, test } from "bun:test";
import { DISPLAY_NAMES_ASKED_MAX } from "../../src/base/limits.ts";
import { DisplayNames } from "../../src/client/display-names.ts";
import type { SendRequest } from "../../src/client/link/queries.ts";
import type { ModelEvent } from "../../src/core/model/event.ts";
import { fileBody } from "../cli/screen/view/scenes.ts";
import { recordEvent } from "../core/model-scene.ts";

function following(answer: (users: readonly string[]) => readonly object[]) {
  const asked: (readonly string[])[] = [];
  const emitted: ModelEvent[] = [];
  const request = (async (_kind: string, { users }: { users: readonly string[] }) => {
    asked.push(users);
    return { names: answer(users) };
  }) as unknown as SendRequest;
  const names = new DisplayNames(request, (event) => emitted.push(event));
  return { names, asked, emitted };
}

const from = (user: string) => recordEvent(12, { from: user }) as ModelEvent;

test("asks for each person once, and again after each log-in", async () => {
  const { names, asked, emitted } = following(([user]) =>
    user === "ben" ? [{ user, text: "Ben Ruíz" }] : [],
  );
  for (const user of ["ben", "BEN", "cleo"]) names.note(from(user));
  names.ask();
  names.note(from("Cleo"));
  names.ask();
  expect(asked).toEqual([["ben", "cleo"]]);
  await Promise.resolve();
  await Promise.resolve();
  const named = [
    ["ben", "Ben Ruíz"],
    ["cleo", undefined],
  ];
  expect(emitted as unknown).toEqual([{ kind: "named", names: named }]);
  names.note({ kind: "entered", user: "ana" });
  names.ask();
  expect(asked.at(-1)).toEqual(["ben", "cleo", "ana"]);
});

test("does not ask for members, whose list has the names, and divides long lists", () => {
  const { names, asked } = following(() => []);
  const member = { name: "Ben", isOnline: true, role: "member" };
  names.note({ kind: "members", room: "r" as never, members: [member] });
  names.note(from("ben"));
  names.ask();
  expect(asked).toEqual([]);
  for (let i = 0; i <= DISPLAY_NAMES_ASKED_MAX; i++) names.note(from(`p${i}`));
  names.ask();
  expect(asked.map(({ length }) => length)).toEqual([DISPLAY_NAMES_ASKED_MAX, 1]);
});

test("asks for the people whom an event names, and not for names of files and rooms", () => {
  const { names, asked } = following(() => []);
  const affecting = (kind: string, body: object) =>
    recordEvent(12, { kind, from: "ana", body: body as never }) as ModelEvent;
  for (const kind of ["kick", "admission", "grant", "mute", "hand", "knock"])
    names.note(affecting(kind, { name: `${kind}ed`, on: true }));
  names.note(affecting("join", { addedBy: "adder" }));
  names.note(affecting("rename", { was: "math", name: "algebra" }));
  names.note(affecting("file", { ...fileBody("report"), name: "report" }));
  names.ask();
  const affected = ["kicked", "admissioned", "granted", "muteed", "handed", "knocked"];
  expect(asked).toEqual([["ana", ...affected, "adder"]]);
});
