import { expect } from "bun:test";
import { Site } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

/** Opens another room while the answer of a command is on its way. */
function staysElsewhere(name: string, command: string, isTyping = false): () => Promise<void> {
  return async () => {
    const site = await Site.open();
    const ben = await site.member("ben");
    await ben.request("join", { room: "hall", create: true });
    const open = INTERFACES[name] ?? expect.unreachable();
    const ana = await open(site);
    const answered = ana.type(command);
    await Promise.resolve();
    await Promise.resolve();
    if (isTyping) ana.press?.();
    else ana.open("@ben");
    await answered;
    expect(ana.target).toBe(isTyping ? "lobby" : "@ben");
    await ana.type("/join hall");
    expect(ana.target).toBe("hall");
    await ana.close();
  };
}

testRule("a late answer does not move a user who is elsewhere", "meet a late answer", {
  page: staysElsewhere("page", "/join hall"),
  "page: typing": heldBy(
    "page/late-answers.test.ts",
    "stays where the user types when an answer comes late",
  ),
  "page: dialog": staysElsewhere("page", "/join nowhere"),
  "full screen": staysElsewhere("full screen", "/join hall"),
  "full screen: /msg": staysElsewhere("full screen", "/msg hall"),
  "full screen: typing": staysElsewhere("full screen", "/join hall", true),
  "full screen: question": heldBy(
    "cli/screen/commands.test.ts",
    "asks nothing while the user types",
  ),
  "line mode": exempt("the next line is read after the answer to the one before"),
  IRC: exempt("the client decides which window it shows"),
});
