import { expect } from "bun:test";
import type { Fault } from "../../src/base/fault.ts";
import type { Guest } from "../server/guest.ts";
import { Site, siteWith } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { heldBy, testRule } from "./rule.ts";

const TOKEN = "operator's token";
/** Acts of moderators and operators on ben or on his message `{N}`. */
const LINES = [
  ...["/kick ben", "/ban ben", "/mute ben", "/unmute ben", "/grant ben", "/revoke ben"],
  ...["/pin {N}", "/erase {N}"],
];

/** Types the lines as a member of the lobby, who is no moderator. */
async function isRefused(name: "page" | "full screen" | "line mode"): Promise<void> {
  const site = await Site.open();
  const ben = await site.member("ben");
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  const { seq } = await site.wait(ben.post("mine"));
  const codes: Record<string, string> = {};
  for (const line of LINES) codes[line] = await opened.type(line.replace("{N}", String(seq)));
  await opened.close();
  expect(codes).toEqual(Object.fromEntries(LINES.map((line) => [line, "not-allowed"])));
  expect(ben.ended).toBeUndefined();
}

/** Actions of a moderator by which ben loses the right to write to the room. */
const SILENCED: readonly ((ana: Guest, ben: Guest) => Promise<unknown>)[] = [
  (ana) => ana.request("mute", { room: "lab", user: "ben", on: true }),
  (ana) => ana.request("kick", { room: "lab", user: "ben" }),
  (ana) => ana.request("ban", { user: "ben", on: true }),
  (ana) => ana.request("rules", { room: "lab", post: "moderators" }),
  async (ana, ben) => {
    await ana.request("rules", { room: "lab", slow: 30 });
    await ben.post("begins to wait", "lab");
  },
];

async function labWithBen() {
  const { site, ana, ben } = await siteWith(["ana", "ben"], { operatorToken: TOKEN });
  await ana.request("operate", { token: TOKEN });
  await ana.request("join", { room: "lab", create: true });
  await ana.request("grant", { user: "ben", on: true });
  await ben.request("join", { room: "lab" });
  const { token } = await ben.request("invite", { post: "lab", read: "lab" });
  await ana.request("grant", { user: "ben", on: false });
  return { site, ana, ben, token };
}

/** The code with which a post by ben's token is refused equals that of ben's own post. */
async function refusesProgram(init: RequestInit): Promise<void> {
  for (const [i, act] of SILENCED.entries()) {
    const { site, ana, ben, token } = await labWithBen();
    await site.wait(act(ana, ben));
    const own = await site.wait(ben.post("mine", "lab").catch(({ code }: Fault) => code));
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    const answer = await site.wait(site.fetch("/rooms/lab", { ...init, headers, method: "POST" }));
    const { code } = (await answer.json()) as { readonly code?: string };
    // A ban ends the connection of the account's own program.
    const expected = own === "link-closed" ? "banned" : own;
    expect([i, code, answer.ok]).toEqual([i, expected as never, false]);
  }
}

async function refusesReader(): Promise<void> {
  for (const kind of ["kick", "ban"] as const) {
    const { site, ana, token } = await labWithBen();
    if (kind === "kick") await ana.request("kick", { room: "lab", user: "ben" });
    else await ana.request("ban", { user: "ben", on: true });
    const headers = { authorization: `Bearer ${token}` };
    expect((await site.wait(site.fetch("/rooms/lab", { headers }))).status).toBe(403);
  }
}

testRule("who has no right to an act gets the same refusal", "exercise a right", {
  page: () => isRefused("page"),
  "full screen": () => isRefused("full screen"),
  "line mode": () => isRefused("line mode"),
  command: heldBy("e2e/room-rules.test.ts", "rules of a room bind its members and scripts"),
  "admin command": heldBy("server/window.test.ts", "'%s' is for operators"),
  IRC: heldBy("core/irc/channels.test.ts", "are refused where the user has no right to them"),
  HTTP: () => refusesProgram({ body: "mine" }),
  webhook: () =>
    refusesProgram({ body: '{"text":"mine"}', headers: { "content-type": "application/json" } }),
  "HTTP read": refusesReader,
  "download link": heldBy("server/http/file-links.test.ts", "ends a download after a %s"),
  import: heldBy("server/rooms/moderation.test.ts", "lets only moderators and operators import"),
});
