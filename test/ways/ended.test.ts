import { expect } from "bun:test";
import type { Fault } from "../../src/base/fault.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { Site } from "../server/site.ts";
import { INTERFACES } from "../ui/parity/interfaces.ts";
import { Browser } from "../web/browser/browser.ts";
import { exempt, heldBy, testRule } from "./rule.ts";

const FORGETS = heldBy(
  "page/attachments.test.ts",
  "keeps attached files across a reload, and forgets them at log-out",
);

testRule("signing out ends what the session could do", "sign out", {
  page: heldBy("web/driver/chat.test.ts", "logs out all tabs together"),
  "page: forget": async () => {
    const site = await Site.open();
    const browser = new Browser(site);
    const { chat } = await browser.tab();
    await site.wait(chat.enter({ user: "ana", password: "secret" }));
    await site.wait(chat.logout(true));
    const code = await site.wait(chat.enter({ user: "ana" }).catch(({ code }: Fault) => code));
    expect(code).toBe("login-refused");
  },
  "full screen": heldBy(
    "e2e/screen-endings.test.ts",
    "hides password input after its prompt is cancelled",
  ),
  "line mode": heldBy("client/connection-loop.test.ts", "keeps the link on log-out"),
  logout: heldBy("e2e/accounts.test.ts", "requires another way to sign in before logout"),
  web: heldBy("web/driver/chat.test.ts", "logs out all tabs together"),
  devices: heldBy(
    "e2e/devices.test.ts",
    "links a second home by a code, which posts, links a third",
  ),
  IRC: heldBy(
    "server/auth/irc-passwords.test.ts",
    "signing an account out closes its IRC sessions",
  ),
  "IRC QUIT": async () => {
    const irc = await IrcSite.open();
    const ben = await irc.member("ben");
    (await irc.member("ana")).hangUp();
    const client = await irc.client("ana");
    client.send("QUIT :bye", "PRIVMSG #lobby :after");
    await irc.site.until("it is closed", () => client.isClosed || undefined);
    await irc.site.quiet();
    expect(ben.records.filter(({ body }) => body?.["text"] === "after")).toEqual([]);
    const { users } = await ben.request("who", { room: "lobby" });
    expect(users.find(({ user }) => user === "ana")?.online).toBe(false);
  },
});

const ENDS_SESSION = exempt("it ends the session; the device, its keys and its files stay");

testRule("signing out names what is lost with it", "sign out", {
  page: FORGETS,
  "page: forget": FORGETS,
  "full screen": ENDS_SESSION,
  "line mode": ENDS_SESSION,
  logout: heldBy("e2e/accounts.test.ts", "requires another way to sign in before logout"),
  web: FORGETS,
  devices: exempt("the other device keeps its keys and files, and can sign in with the password"),
  IRC: exempt("an IRC client has no keys and no files, and its password stays valid"),
  "IRC QUIT": exempt("an IRC client has no keys and no files, and its password stays valid"),
});

/** Leaves the lobby, in which ben writes before and after. */
async function leaves(name: "page" | "full screen" | "line mode"): Promise<void> {
  const site = await Site.open();
  const ben = await site.member("ben");
  const opened = await INTERFACES[name]?.(site);
  if (opened === undefined) return expect.unreachable();
  await site.wait(ben.post("before"));
  await site.until("it is shown", () => opened.shown.includes("before") || undefined);
  expect(await opened.type("/leave lobby")).toBe("done");
  await site.wait(ben.post("after"));
  await site.quiet();
  expect(opened.shown).toEqual([]);
  expect(await opened.type("/history lobby")).not.toBe("done");
  await opened.close();
}

testRule("a room that was left shows nothing", "leave a room", {
  page: () => leaves("page"),
  "full screen": () => leaves("full screen"),
  "line mode": () => leaves("line mode"),
  IRC: async () => {
    const irc = await IrcSite.open();
    await irc.member("ana");
    const ben = await irc.member("ben");
    const client = await irc.client("ana");
    client.send("PART #lobby");
    await client.until("PART #lobby");
    await irc.site.wait(ben.post("after"));
    client.send("CHATHISTORY LATEST #lobby * 10");
    client.send("PING end");
    await client.until("PONG");
    expect(client.lines.join("\n")).not.toContain("after");
  },
  kicked: heldBy(
    "server/rooms/queries.test.ts",
    "refuses the history of a room that the user leaves",
  ),
  "encrypted room": heldBy("page/sealed-rooms.test.ts", "no new messages to a removed user"),
});
