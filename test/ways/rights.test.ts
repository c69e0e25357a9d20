import { expect } from "bun:test";
import { Site } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { heldBy, testRule } from "./rule.ts";

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

testRule("who has no right to an act gets the same refusal", "exercise a right", {
  page: () => isRefused("page"),
  "full screen": () => isRefused("full screen"),
  "line mode": () => isRefused("line mode"),
  command: heldBy("e2e/room-rules.test.ts", "rules of a room bind its members and scripts"),
  "admin command": heldBy("server/window.test.ts", "'%s' is for operators"),
  IRC: heldBy("core/irc/channels.test.ts", "are refused where the user has no right to them"),
  HTTP: heldBy("server/http/read-api.test.ts", "limits a token to posting, reading, or both"),
  import: heldBy("server/rooms/moderation.test.ts", "lets only moderators and operators import"),
});
