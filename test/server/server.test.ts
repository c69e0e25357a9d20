import { expect, test } from "bun:test";
import { FanOut } from "../../src/server/rooms/broadcast.ts";
import { CatchUp } from "../../src/server/rooms/catch-up.ts";
import { Sessions } from "../../src/server/sessions.ts";
import { Site } from "./site.ts";

test("passes each record to the broadcast before all other services", async () => {
  const { services } = (await Site.open()).server;
  const readers = services.filter(({ onRecord }) => onRecord !== undefined);
  expect(readers.length).toBeGreaterThan(10);
  expect(readers[0]).toBeInstanceOf(FanOut);
});

test("answers a log-in before other services send notices, and catches up last", async () => {
  const { services } = (await Site.open()).server;
  const notified = services.filter(({ onLogin }) => onLogin !== undefined);
  const names = notified.map((service) => service.constructor.name);
  const silent = ["DeviceNotes", "Authenticator"];
  expect(names.filter((name) => !silent.includes(name))[0]).toBe(Sessions.name);
  expect(names.at(-1)).toBe(CatchUp.name);
});
