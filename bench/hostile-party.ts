/** Link of an attacker over a real network, for `bench/hostile.ts`. */
import { Identity } from "../src/crypto/identity.ts";
import type { RequestKind } from "../src/wire/messages.ts";
import { Caller } from "../test/fuzz/caller.ts";
import type { Party } from "../test/hostile/attacks.ts";
import type { Fields } from "../test/hostile/examples.ts";
import { type Keys, newKeys, registrationOf } from "../test/server/guest.ts";

export class CallerParty implements Party {
  private constructor(
    readonly caller: Caller,
    private readonly port: number,
  ) {}

  static async open(port: number, keys: Keys = newKeys()): Promise<CallerParty> {
    return new CallerParty(await Caller.greeted(port, keys), port);
  }

  static async register(port: number, user: string): Promise<CallerParty> {
    const party = await CallerParty.open(port);
    const outcome = await party.caller.register(user);
    if (outcome.kind === "refused") throw outcome.fault;
    return party;
  }

  /** Another link of the same account and device. */
  async again(user: string): Promise<CallerParty> {
    const party = await CallerParty.open(this.port, this.caller.keys);
    const outcome = await party.caller.login(user);
    if (outcome.kind === "refused") throw outcome.fault;
    return party;
  }

  async ask(kind: RequestKind, fields: Fields): Promise<Fields> {
    const outcome = await this.caller.ask(kind, fields);
    if (outcome.kind === "refused") throw outcome.fault;
    return outcome.answer;
  }

  raw(bytes: Uint8Array): void {
    this.caller.raw(bytes);
  }

  async channel(): Promise<Party> {
    const { ticket } = await this.ask("ticket", {});
    const channel = new CallerParty(await this.caller.lane(), this.port);
    await channel.ask("lane", { ticket });
    return channel;
  }

  link(): Promise<Party> {
    return CallerParty.open(this.port, { ...newKeys(), account: this.caller.keys.account });
  }

  registration(user: string): Fields {
    const { keys, serverKey } = this.caller;
    return { ...registrationOf({ ...keys, account: Identity.generate() }, serverKey, user) };
  }

  newDevice(user: string) {
    const keys = { ...newKeys(), account: this.caller.keys.account };
    const { deviceKey, deviceCert } = registrationOf(keys, this.caller.serverKey, user);
    return { deviceKey, deviceCert };
  }

  close(): void {
    this.caller.close();
  }
}
