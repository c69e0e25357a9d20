import { expect, test } from "bun:test";
import { SCREEN_FRAME_MS, SCREEN_ITEMS_MAX } from "../../src/base/limits-screen.ts";
import { openRoom } from "../../src/core/model/selectors.ts";
import { LOBBY, recordEvent } from "../core/model-scene.ts";
import { ClientFixture, clientTest } from "./client-fixture.ts";

async function open(fixture: ClientFixture) {
  const { client: chat } = fixture.modelClient();
  await fixture.outcome(chat.connect());
  await fixture.clock.advance(SCREEN_FRAME_MS);
  chat.actions.open("lobby");
  const texts = () => openRoom(chat.model)?.tail.items.map(({ text }) => text);
  const pending = () => chat.model.pending.map(({ body, state }) => `${body.text} ${state.kind}`);
  return { chat, texts, pending };
}

test("keeps a message pending until its record arrives, even after a lost link", async () => {
  const fixture = new ClientFixture();
  const { chat, texts, pending } = await open(fixture);
  expect(chat.model.connection.kind).toBe("online");
  chat.actions.send("lobby", { text: "hello" });
  expect(pending()).toEqual(["hello storing"]);
  await fixture.clock.advance(SCREEN_FRAME_MS);
  expect([texts(), pending()]).toEqual([["hello"], []]);

  fixture.network.cut();
  await fixture.clock.advance(SCREEN_FRAME_MS);
  expect(chat.model.connection.kind).toBe("offline");
  chat.actions.send("lobby", { text: "/me waves" });
  expect(pending()).toEqual(["/me waves storing"]);
  await fixture.clock.advance(5_000);
  expect(chat.model.connection.kind).toBe("online");
  expect([texts(), pending()]).toEqual([["hello", "/me waves"], []]);
});

clientTest("stores at most SCREEN_ITEMS_MAX items per room", async (fixture) => {
  const { clock } = fixture;
  const { client: chat } = fixture.modelClient();
  chat["handleEvent"]({ kind: "entered", user: "ana" });
  chat["handleEvent"]({ kind: "room", room: LOBBY, name: "lobby", n: 1, skipped: 0 } as never);
  const last = SCREEN_ITEMS_MAX + 2;
  for (let seq = 2; seq <= last; seq++) chat["handleEvent"](recordEvent(seq) as never);
  await clock.advance(SCREEN_FRAME_MS);
  const tail = chat.model.rooms.get(LOBBY)?.tail;
  expect(tail?.items).toHaveLength(SCREEN_ITEMS_MAX - SCREEN_ITEMS_MAX / 4 + 1);
  expect(tail?.items.at(-1)?.seq).toBe(last);
  expect(tail?.hasOlder).toBe(true);
});

test("reports no failure of what it requests before the first connection", async () => {
  const fixture = new ClientFixture();
  const { client: chat } = fixture.modelClient();
  chat["handleEvent"]({ kind: "room", room: LOBBY, name: "lobby", n: 9, skipped: 0 } as never);
  chat["handleEvent"](recordEvent(8) as never);
  await fixture.clock.advance(SCREEN_FRAME_MS);
  chat.actions.open("lobby");
  chat.actions.loadMore("older");
  await fixture.clock.advance(SCREEN_FRAME_MS);
  expect(chat.model.rooms.get(LOBBY)?.loading).toBeDefined();
  expect(chat.model.faults).toEqual([]);
});
