import { expect } from "bun:test";
import { checkName } from "../../src/base/names.ts";
import { parseFingerprint } from "../../src/wire/fingerprint.ts";
import { parseServerSpec, secretFromInput } from "../../src/wire/invite.ts";
import { parseShortCode } from "../../src/wire/short-code.ts";
import { IrcSite } from "../server/irc/irc-site.ts";
import { heldBy, testRule } from "./rule.ts";

const FINGERPRINT = `${"A".repeat(21)}-${"b".repeat(20)}A`;

/** Forms of a text that look the same to its reader. */
function copiesOf(text: string): readonly string[] {
  const middle = Math.floor(text.length / 2);
  const inside = ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u200e"].map(
    (sign) => text.slice(0, middle) + sign + text.slice(middle),
  );
  const hyphens = ["\u2010", "\u2011", "\u2013", "\u2212"].map((sign) =>
    text.replaceAll("-", sign),
  );
  const around = [` ${text} `, `\u00a0${text}`, `\u202a${text}\u202c`, `${text}\r\n`];
  return [text, ...inside, ...hyphens, ...around];
}

function expectOne<Value>(text: string, read: (copy: string) => Value): void {
  expect(copiesOf(text).map(read)).toEqual(copiesOf(text).map(() => read(text)));
}

const fingerprint = () => expectOne(`SHA256:${FINGERPRINT}`, parseFingerprint);
const invite = () =>
  expectOne(`chat://192.0.2.7:2428/lobby?fp=${FINGERPRINT}#se-cret`, parseServerSpec);
const code = () => expectOne("7-tiger-canoe", parseShortCode);
const name = () => expectOne("ana-maria", (copy) => checkName(copy));

testRule("a copied code, name or address is what its reader sees", "paste a code", {
  "page: sign-in": () => {
    name();
    expectOne("chat://192.0.2.7:2428/#se-cret", secretFromInput);
  },
  "page: settings": code,
  "full screen": name,
  "line mode": name,
  argument: () => {
    fingerprint();
    invite();
  },
  environment: invite,
  file: heldBy("wire/invite.test.ts", "accepts missing fields of an invite"),
  prompt: code,
  IRC: async () => {
    const irc = await IrcSite.open();
    const ana = await irc.member("ana");
    const { password } = await ana.request("irc-password", {});
    for (const copy of copiesOf(password)) {
      const client = irc.connect();
      await client.logIn("ana", copy.replace(/\r\n$/, ""));
      expect(client.lines.join("\n")).toContain(" 001 ana ");
    }
  },
});
