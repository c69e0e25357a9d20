import { expect, test } from "bun:test";
import { SCREEN_FRAME_MS, SCREEN_ITEMS_MAX } from "../../../src/base/limits-screen.ts";
import { TerminalChat } from "../../../src/cli/chat/chat.ts";
import type { Client } from "../../../src/client/client.ts";
import { openRoom } from "../../../src/core/model/selectors.ts";
import { ClientFixture, type Watched } from "../../client/client-fixture.ts";
import { LOBBY, recordEvent } from "../../core/model-scene.ts";

async function open(fixture: ClientFixture) {
  const chat = new TerminalChat(fixture.clock, () => undefined);
  const watched: Watched = fixture.client({}, chat.receive);
  await fixture.outcome(watched.client.connect());
  await fixture.clock.advance(SCREEN_FRAME_MS);
  chat.attachClient(watched.client as unknown as Client);
  chat.open("lobby");
  const texts = () => openRoom(chat.model)?.tail.items.map(({ text }) => text);
  const pending = () => chat.model.pending.map(({ body, state }) => `${body.text} ${state.kind}`);
  return { chat, watched, texts, pending };
}

test("keeps a message pending until its record arrives, even after a lost link", async () => {
  const fixture = new ClientFixture();
  const { chat, texts, pending } = await open(fixture);
  expect(chat.model.connection.kind).toBe("online");
  chat.send("lobby", { text: "hello" });
  expect(pending()).toEqual(["hello storing"]);
  await fixture.clock.advance(SCREEN_FRAME_MS);
  expect([texts(), pending()]).toEqual([["hello"], []]);

  fixture.network.cut();
  await fixture.clock.advance(SCREEN_FRAME_MS);
  expect(chat.model.connection.kind).toBe("offline");
  chat.send("lobby", { text: "/me waves" });
  expect(pending()).toEqual(["/me waves storing"]);
  await fixture.clock.advance(5_000);
  expect(chat.model.connection.kind).toBe("online");
  expect([texts(), pending()]).toEqual([["hello", "/me waves"], []]);
});

test("stores at most SCREEN_ITEMS_MAX items per room", async () => {
  const { clock } = new ClientFixture();
  const chat = new TerminalChat(clock, () => undefined);
  chat.receive({ kind: "entered", user: "ana" });
  const notice = { kind: "room", name: "lobby", n: 1, skipped: 0 };
  chat.receive({ kind: "room", room: { id: LOBBY }, notice } as never);
  const last = SCREEN_ITEMS_MAX + 2;
  for (let seq = 2; seq <= last; seq++) chat.receive(recordEvent(seq) as never);
  await clock.advance(SCREEN_FRAME_MS);
  const tail = chat.model.rooms.get(LOBBY)?.tail;
  expect(tail?.items).toHaveLength(SCREEN_ITEMS_MAX - SCREEN_ITEMS_MAX / 4 + 1);
  expect(tail?.items.at(-1)?.seq).toBe(last);
  expect(tail?.hasOlder).toBe(true);
});
