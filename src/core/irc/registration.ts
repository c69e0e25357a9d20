/** Registration of a connection: capabilities, log-in and the first lines after it. */

import { fromBase64Url, utf8Decode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { PASSWORD_BYTES_MAX } from "../../base/limits.ts";
import { formatUtc } from "../../base/time.ts";
import type { IrcLine } from "../../wire/irc/line.ts";
import { isInvited } from "../rooms/moderation.ts";
import { CAP, capabilityList, capabilityNames, requestedCapabilities } from "./capabilities.ts";
import { completeJoin, showChannel } from "./channels.ts";
import type { Asking, IrcTask } from "./command-run.ts";
import { playMissed } from "./history.ts";
import { ISUPPORT_TOKENS, sendMotd } from "./information.ts";
import { ERR, RPL } from "./numeric.ts";
import { findAccount, HOST, NO_DEVICE_KEY, userMask } from "./server.ts";
import type { IrcSession } from "./session.ts";
import { splitText } from "./text.ts";

/** Version from which `CAP LS` lists values and the client is notified of changes. */
const CAP_VERSION_WITH_VALUES = 302;
/** SASL splits its payload into lines of 400 bytes. */
const SASL_LINE_CHARS = 400;
const SASL_CHARS_MAX = 4 * Math.ceil((2 * 64 + PASSWORD_BYTES_MAX + 2) / 3);
const ISUPPORT_PER_LINE = 12;
const CAPS_PER_LINE = 14;
/** Leaves room for the start of the line. */
const INVITATIONS_BYTES = 400;

interface Credentials {
  readonly user: string;
  readonly password: string;
}

export class Registration {
  nick: string | undefined;
  #hasUser = false;
  #password: string | undefined;
  #isNegotiating = false;
  #capVersion = 0;
  #sasl: string | undefined;
  #isWelcomed = false;
  #isCaughtUp = false;
  /** The server repeats open invitations at each log-in. One NOTICE after the joins lists them. */
  hasShownInvitations = false;

  constructor(private readonly session: IrcSession) {}

  get isComplete(): boolean {
    return this.#isWelcomed;
  }

  pass({ params: [password = ""] }: IrcLine): void {
    if (this.#refusesAgain()) return;
    this.#password = password;
  }

  *setNick({ params: [nick = ""] }: IrcLine): IrcTask {
    const session = this.session;
    if (session.account !== undefined && this.isComplete) {
      if (nick.toLowerCase() === session.nick.toLowerCase()) return;
      session.numeric(ERR.nickInUse, nick, "your nick is your account's name");
      return;
    }
    this.nick = /^[^\s:#@!*?,]{1,64}$/.test(nick) ? nick : undefined;
    if (this.nick === undefined) session.numeric(ERR.erroneousNick, nick, "invalid nick");
    yield* this.#complete();
  }

  *user(): IrcTask {
    if (this.#refusesAgain()) return;
    this.#hasUser = true;
    yield* this.#complete();
  }

  #refusesAgain(): boolean {
    if (!this.isComplete) return false;
    this.session.numeric(ERR.alreadyRegistered, "you are already registered");
    return true;
  }

  *cap({ params: [verb = "", argument = ""] }: IrcLine): IrcTask {
    const session = this.session;
    const reply = (...params: string[]) =>
      session.send({ source: HOST, command: "CAP", params: [session.nick, ...params] });
    switch (verb.toUpperCase()) {
      case "LS": {
        if (!this.isComplete) this.#isNegotiating = true;
        this.#capVersion = Math.max(this.#capVersion, Number.parseInt(argument, 10) || 0);
        const hasValues = this.#capVersion >= CAP_VERSION_WITH_VALUES;
        if (hasValues) session.caps |= CAP.capNotify;
        return this.#listCaps("LS", capabilityList(hasValues), hasValues);
      }
      case "LIST":
        return this.#listCaps("LIST", capabilityNames(session.caps), true);
      case "REQ": {
        if (!this.isComplete) this.#isNegotiating = true;
        const next = requestedCapabilities(session.caps, argument);
        if (next === undefined) return reply("NAK", argument);
        reply("ACK", argument);
        session.caps = next;
        return;
      }
      case "END":
        this.#isNegotiating = false;
        return yield* this.#complete();
      default:
        return session.numeric(ERR.invalidCap, verb, "unknown CAP command");
    }
  }

  #listCaps(verb: string, names: readonly string[], mayContinue: boolean): void {
    const session = this.session;
    const chunk = mayContinue ? CAPS_PER_LINE : names.length;
    for (let at = 0; at === 0 || at < names.length; at += chunk) {
      const isLast = at + chunk >= names.length;
      const line = names.slice(at, at + chunk).join(" ");
      const params = [session.nick, verb, ...(isLast ? [] : ["*"]), line];
      session.send({ source: HOST, command: "CAP", params });
    }
  }

  *authenticate({ params: [argument = ""] }: IrcLine): IrcTask {
    const session = this.session;
    if (session.account !== undefined) {
      return session.numeric(ERR.saslAlready, "you are already logged in");
    }
    if (argument === "*") {
      this.#sasl = undefined;
      return session.numeric(ERR.saslAborted, "authentication aborted");
    }
    if (this.#sasl === undefined) {
      if (argument.toUpperCase() !== "PLAIN") {
        session.numeric(RPL.saslMechanisms, "PLAIN", "are the available mechanisms");
        return session.numeric(ERR.saslFail, "unknown mechanism");
      }
      this.#sasl = "";
      return session.send({ command: "AUTHENTICATE", params: ["+"] });
    }
    if (argument.length > SASL_LINE_CHARS || this.#sasl.length > SASL_CHARS_MAX) {
      this.#sasl = undefined;
      return session.numeric(ERR.saslTooLong, "the response is too long");
    }
    this.#sasl += argument === "+" ? "" : argument;
    if (argument.length === SASL_LINE_CHARS) return;
    const credentials = parsePlain(this.#sasl);
    this.#sasl = undefined;
    if (credentials === undefined) return session.numeric(ERR.saslFail, "invalid response");
    const fault = yield* this.#logIn(credentials);
    if (fault !== undefined) return session.numeric(ERR.saslFail, fault.message);
    session.numeric(RPL.saslSuccess, "you are logged in");
    yield* this.#complete();
  }

  *#logIn({ user, password }: Credentials): Asking<Fault | undefined> {
    const session = this.session;
    try {
      session.hold();
      const answer = yield* session.ask("login", {
        user,
        password,
        deviceKey: NO_DEVICE_KEY,
        after: Number.MAX_SAFE_INTEGER,
      });
      const account = findAccount(session.server, answer.user);
      if (account === undefined) return new Fault("user-unknown", "the account was removed");
      session.loggedIn(account);
      const text = `you are now logged in as ${account.name}`;
      session.numeric(RPL.loggedIn, userMask(account.name), account.name, text);
      return undefined;
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  *#complete(): IrcTask {
    const session = this.session;
    const isReady = this.nick !== undefined && this.#hasUser && !this.#isNegotiating;
    if (!isReady || this.isComplete) return;
    if (session.account === undefined && this.#password !== undefined) {
      const credentials = passCredentials(this.#password, this.nick ?? "");
      this.#password = undefined;
      const fault = yield* this.#logIn(credentials);
      if (fault !== undefined) {
        session.numeric(ERR.wrongPassword, fault.message);
        return session.close(fault.message);
      }
    }
    if (session.account === undefined) {
      const text = "log in with SASL PLAIN or with the server password NAME:PASSWORD";
      session.fail("*", "ACCOUNT_REQUIRED", [], text);
      return session.close("an account is required");
    }
    this.#isWelcomed = true;
    yield* this.#welcome();
    yield* session.until(() => this.#isCaughtUp);
    this.#showInvitations();
    yield* playMissed(session);
    session.release();
    session.accountChanged();
  }

  onCaughtUp(): void {
    this.#isCaughtUp = true;
  }

  *#welcome(): IrcTask {
    const session = this.session;
    const { server, nick } = session;
    session.numeric(RPL.welcome, `welcome to ${server.name}, ${nick}`);
    session.numeric(RPL.yourHost, `your host is ${HOST}, running chat ${server.version}`);
    const since = formatUtc(server.startedUnixMs);
    session.numeric(RPL.created, `this server was started ${since}`);
    session.numeric(RPL.myInfo, HOST, `chat-${server.version}`, "Bo", "bikmnot", "bko");
    const network = server.name.replaceAll(/[^\w.-]+/g, "-") || "chat";
    const tokens = [`NETWORK=${network}`, ...ISUPPORT_TOKENS];
    for (let at = 0; at < tokens.length; at += ISUPPORT_PER_LINE) {
      const line = tokens.slice(at, at + ISUPPORT_PER_LINE);
      session.numeric(RPL.isupport, ...line, "are supported by this server");
    }
    sendMotd(session);
    const sealed = this.#sealedRooms();
    if (sealed > 0) {
      const rooms = sealed === 1 ? "1 encrypted room" : `${sealed} encrypted rooms`;
      const them = sealed === 1 ? "it" : "them";
      session.notice(`${rooms} of yours cannot be shown over IRC; read ${them} in chat`);
    }
    for (const channel of session.channels.values()) {
      if (channel.isDirect) continue;
      showChannel(session, channel);
      yield* completeJoin(session, channel);
    }
  }

  #showInvitations(): void {
    this.hasShownInvitations = true;
    const { server, account } = this.session;
    if (account === undefined) return;
    const { registry, rooms: all } = server;
    const rooms = [...all.roomsInviting(account.id)].filter((room) => {
      const by = room.invited.get(account.id);
      const isIgnored = by !== undefined && account.ignored.has(by);
      return !isIgnored && isInvited(room, account.id, registry, server.expiryUnixMs());
    });
    const channels = rooms.map(({ name = "" }) => `#${name}`).join(" ");
    for (const part of splitText(channels, INVITATIONS_BYTES)) {
      this.session.notice(`open invitations: ${part}`);
    }
  }

  #sealedRooms(): number {
    const { server, account } = this.session;
    if (account === undefined) return 0;
    return [...server.rooms.roomsOf(account.id)].filter(
      ({ name, isSealed }) => name !== undefined && isSealed === true,
    ).length;
  }
}

/** RFC 4616: authorization identity, account and password, separated by NUL. */
function parsePlain(base64: string): Credentials | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  try {
    const url = base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const parts = utf8Decode(fromBase64Url(url)).split("\0");
    const [as = "", user = "", password = ""] = parts;
    if (parts.length !== 3 || user === "" || (as !== "" && as !== user)) return undefined;
    return { user, password };
  } catch {
    return undefined;
  }
}

/** Old programs have one field for the password: `NAME:PASSWORD`, or the password of their nick. */
function passCredentials(text: string, nick: string): Credentials {
  const [, user, password] = /^([A-Za-z0-9_-]{1,32}):(.*)$/s.exec(text) ?? [];
  return user === undefined || password === undefined
    ? { user: nick, password: text }
    : { user, password };
}
