import { expect, test } from "bun:test";
import { IRC_PASSWORDS_PER_ACCOUNT_MAX } from "../../../src/base/limits.ts";
import type { Name } from "../../../src/base/names.ts";
import { erasuresOf } from "../../../src/core/log/erasures.ts";
import {
  type IrcPassword,
  ircPasswordDraft,
  ircPasswordSeq,
  ircPasswordsAfter,
  ircPasswordsGoneDraft,
} from "../../../src/core/rooms/irc-passwords.ts";
import { type Draft, type LogRecord, parseBody } from "../../../src/wire/record.ts";
import { ANA, BEN, Ledger } from "../ledger.ts";

class Owner {
  readonly id = ANA;
  readonly name = "ana" as Name;
  readonly ledger = new Ledger();
  isRemoved = false;
  ircPasswords: ReadonlyMap<number, IrcPassword> = new Map();

  add(draft: Draft): LogRecord {
    const record = this.ledger.append(draft);
    const body = parseBody(record) ?? {};
    this.ircPasswords = ircPasswordsAfter(this.ircPasswords, record.head, body);
    return record;
  }

  addPassword(hash: string, label?: string): LogRecord {
    return this.add(ircPasswordDraft(this, BEN, { hash, label }));
  }
}

test("finds a password by its hash until it is revoked", () => {
  const owner = new Owner();
  const [{ head: first }, { head: second }] = [owner.addPassword("a", "x"), owner.addPassword("b")];
  expect(owner.ircPasswords.get(first.seq)).toMatchObject({ hash: "a", label: "x" });
  expect([ircPasswordSeq(owner, "a"), ircPasswordSeq(owner, "b")]).toEqual([first.seq, second.seq]);
  const gone = owner.add(ircPasswordsGoneDraft(ANA, ANA, [first.seq]));
  expect([ircPasswordSeq(owner, "a"), ircPasswordSeq(owner, "b")]).toEqual([undefined, second.seq]);
  expect(erasuresOf(gone)).toEqual([first.seq]);
});

test("limits the passwords of an account", () => {
  const owner = new Owner();
  for (let i = 0; i < IRC_PASSWORDS_PER_ACCOUNT_MAX; i++) owner.addPassword(`${i}`);
  expect(() => owner.addPassword("x")).toThrow("an account can have at most 16 IRC passwords");
  owner.add(ircPasswordsGoneDraft(ANA, ANA, [1]));
  owner.addPassword("x");
});

test("refuses a password for a removed account", () => {
  const owner = new Owner();
  owner.isRemoved = true;
  expect(() => owner.addPassword("x")).toThrow("the account ana was removed");
});

test("ignores a damaged list of revoked passwords", () => {
  const owner = new Owner();
  const { head } = owner.addPassword("a");
  const also = ["1", -1, 1.5, null] as unknown as readonly number[];
  owner.add(ircPasswordsGoneDraft(ANA, ANA, also));
  expect(ircPasswordSeq(owner, "a")).toBe(head.seq);
});
