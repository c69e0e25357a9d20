import { Fault } from "../base/fault.ts";
import { checkName, type Name } from "../base/names.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "../io/connection.ts";
import { askPatiently } from "../io/first-words.ts";
import type { Answer, RequestFields } from "../wire/messages.ts";
import type { Device } from "./device.ts";
import type { Greeted } from "./greet.ts";

/** How somebody comes in. */
export interface Credentials {
  readonly user: string;
  /** Left out: by this browser's key, or a new name without a password. */
  readonly password?: string | undefined;
  /** The server's room password or an invite's token; left out: that of the page's address. */
  readonly roomSecret?: string | undefined;
  /** `register`: only a new name will do. `login`: only a known one. */
  readonly mode?: "either" | "register" | "login" | undefined;
}

export interface EntryContext {
  readonly connection: Connection;
  readonly greeted: Greeted;
  readonly clock: Clock;
  readonly device: Device;
  /** The server has said before that it knows this device as theirs. */
  readonly isEnrolled: boolean;
  readonly after: number | undefined;
}

export interface Entered {
  readonly account: Answer<"login">;
  readonly registered: boolean;
}

type EntryKind = "admit" | "register" | "login";

/**
 * One attempt to come in: by this browser's key where it is known, else as somebody new, else by
 * the password. What is missing comes out as a fault, and the person tries again on the same link.
 */
export class Entry {
  readonly #context: EntryContext;
  readonly #credentials: Credentials;
  readonly #user: Name;

  /** @throws Fault name-invalid */
  constructor(context: EntryContext, credentials: Credentials) {
    this.#context = context;
    this.#credentials = credentials;
    this.#user = checkName(credentials.user, "person's name");
  }

  /** @throws Fault room-password-wrong (also: none was given), login-refused, the link's */
  async enter(): Promise<Entered> {
    const { mode = "either", password } = this.#credentials;
    if (mode !== "register" && this.#context.isEnrolled && password === undefined) {
      const entered = await this.#bySignature();
      if (entered !== undefined) return entered;
    }
    if (mode === "login") return (await this.#asKnown()) ?? this.#refuse();
    const wrong = await this.#passDoor();
    if (wrong === undefined) return this.#asNewcomer();
    const known = mode === "register" ? undefined : await this.#asKnown(); // They need no door.
    if (known !== undefined) return known;
    throw wrong;
  }

  /** @returns why a newcomer may not come in */
  async #passDoor(): Promise<Fault | undefined> {
    const { greeted, connection } = this.#context;
    const { roomSecret } = this.#credentials;
    if (greeted.welcome.needs === "open" || connection.isAdmitted) return undefined;
    if (roomSecret === undefined || roomSecret === "") {
      return new Fault("room-password-wrong", "a new name needs the server's room password", {
        remedy: "ask somebody who is in, or use an invite",
      });
    }
    try {
      await this.#ask("admit", { secret: roomSecret });
      connection.isAdmitted = true;
      return undefined;
    } catch (error) {
      if (error instanceof Fault && error.code === "room-password-wrong") return error;
      throw error;
    }
  }

  async #asNewcomer(): Promise<Entered> {
    const { device } = this.#context;
    if (!device.canSign) return (await this.#asKnown()) ?? this.#refuseKeyless();
    const taken = await this.#register();
    if (!(taken instanceof Fault)) return taken;
    if (this.#credentials.mode === "register") throw taken;
    return (await this.#asKnown()) ?? this.#refuseTaken();
  }

  async #asKnown(): Promise<Entered | undefined> {
    const { password } = this.#credentials;
    return password === undefined ? this.#bySignature() : this.#login({ password });
  }

  async #bySignature(): Promise<Entered | undefined> {
    const { device, greeted } = this.#context;
    if (!device.canSign) return undefined;
    return this.#login({ signature: await device.prove(greeted.greeting, this.#user) });
  }

  async #login(
    proof: Pick<RequestFields<"login">, "signature" | "password">,
  ): Promise<Entered | undefined> {
    const { device, after } = this.#context;
    const fields = { user: this.#user, deviceKey: device.publicKey, ...proof };
    try {
      const account = await this.#ask("login", after === undefined ? fields : { ...fields, after });
      return { account, registered: false };
    } catch (error) {
      if (error instanceof Fault && error.code === "login-refused") return undefined;
      throw error;
    }
  }

  /** @returns the fault when the name is taken */
  async #register(): Promise<Entered | Fault> {
    const { device, greeted, clock } = this.#context;
    const { password } = this.#credentials;
    const made = await device.account(greeted.fingerprint, this.#user, clock.unixMs());
    try {
      const account = await this.#ask("register", {
        user: this.#user,
        ...(password === undefined ? {} : { password }),
        deviceKey: device.publicKey,
        ...made,
      });
      return { account, registered: true };
    } catch (error) {
      if (error instanceof Fault && error.code === "name-taken") return error;
      throw error;
    }
  }

  #ask<Kind extends EntryKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    return askPatiently(this.#context.connection, this.#context.clock, kind, fields);
  }

  #refuse(): never {
    throw new Fault("login-refused", `${this.#user}: no such name, or another password`, {
      remedy: "check the name and the password",
    });
  }

  #refuseTaken(): never {
    throw new Fault("login-refused", `${this.#user} exists, and this is not its password`, {
      remedy: "give its password, or choose another name",
    });
  }

  #refuseKeyless(): never {
    throw new Fault("not-allowed", "this browser cannot make the key of a new account", {
      remedy: "use a newer browser, or make the account with the program",
    });
  }
}
