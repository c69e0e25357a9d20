import { Fault } from "../base/fault.ts";
import { checkName } from "../base/names.ts";
import { VERSION } from "../base/version.ts";
import { Client } from "../client/client.ts";
import type { Credentials } from "../client/entry.ts";
import type { ClientEvent } from "../client/event.ts";
import type { FollowMode } from "../client/follower.ts";
import { Identity } from "../crypto/identity.ts";
import { ClientState } from "../io/client-state.ts";
import { systemEntropy } from "../io/entropy.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import { formatPlace, type ServerAddress } from "../wire/invite.ts";
import { type Context, say } from "./_context.ts";
import { knownServer } from "./_default-server.ts";
import { openDialer, type ServerDialer } from "./_dial.ts";
import { type ServerChoice, serverWish } from "./_flags.ts";
import { serverOnLan } from "./_found.ts";
import { PASSWORD, ROOM_PASSWORD, readSecret, secretQuestion } from "./_secrets.ts";

/** What every command that talks to a server was given. */
export interface ClientFlags extends ServerChoice {
  readonly passwordFile?: string | undefined;
  readonly roomPasswordFile?: string | undefined;
}

export interface ClientWish {
  /** The server as an argument, where the command takes one. */
  readonly argument?: string | undefined;
  readonly mode?: Credentials["mode"];
  /** A password that was given must fit, though this device could sign in. */
  readonly insist?: boolean;
  readonly follow?: FollowMode;
  readonly reconnect?: boolean;
  readonly localPort?: number | undefined;
  /** Whom to be when nobody is named and nobody was here before; left out: asked. */
  readonly otherwise?: string | undefined;
  /** Only meets the server, and logs in later. */
  readonly greetOnly?: boolean;
  /** Waits for its posts, and so takes over those that earlier runs left. */
  readonly posts?: boolean;
  /** Whoever interrupts it and runs it again finds it where it was. */
  readonly resumes?: boolean;
}

/** A client that is in, and where it is. */
export interface OpenClient {
  readonly client: Client;
  readonly address: ServerAddress;
  readonly user: string;
  readonly registered: boolean;
  /** The room password or token with which it came, if any. */
  readonly roomSecret: string | undefined;
  readonly state: ClientState;
  readonly device: Identity;
  readonly close: () => Promise<void>;
}

/**
 * Finds the server, reads the secrets, opens what this home remembers, and logs in.
 * @throws Fault
 */
export async function openClient(
  context: Context,
  flags: ClientFlags,
  wish: ClientWish = {},
): Promise<OpenClient> {
  const chosen = serverWish(context, flags, wish.argument);
  const { folders, config } = context.settings();
  const state = ClientState.open(folders.data);
  let dialer: ServerDialer | undefined;
  try {
    const address =
      chosen.address ??
      knownServer(context.env, state)?.address ??
      (await serverOnLan(context, state));
    const filedAs = formatPlace(address);
    const roomSecret =
      (await readSecret(context, ROOM_PASSWORD, flags.roomPasswordFile)) ?? address.secret;
    const known = chosen.user ?? state.lastUser(filedAs, address.fingerprint) ?? wish.otherwise;
    const user = known ?? (wish.greetOnly === true ? "" : await askUser(context));
    const credentials: Credentials = {
      user,
      mode: wish.mode ?? "either",
      password: await readSecret(context, PASSWORD, flags.passwordFile),
      roomSecret,
      insist: wish.insist ?? false,
      ask: askSecret(context, user, wish.mode),
    };
    const generate = () => Identity.generate().toPem();
    const device = Identity.fromPem(state.deviceKey(generate), "device.key");
    const { clock } = context;
    const { localPort } = wish;
    dialer = openDialer(clock, address, { transport: chosen.transport, localPort });
    const client = new Client(
      {
        clock,
        entropy: systemEntropy(),
        dial: dialer.dial,
        state,
        device,
      },
      {
        address: filedAs,
        program: `chat/${VERSION}`,
        credentials: wish.greetOnly === true ? undefined : credentials,
        fingerprint: chosen.fingerprint ?? address.fingerprint,
        strict: config.trust === "strict",
        follow: wish.follow ?? "none",
        reconnect: wish.reconnect ?? false,
        adopt: wish.posts ?? false,
        onPinned: (news) => say(context, pinnedLine(news)),
      },
    );
    const membership = await client.connect();
    const close = async () => {
      await client.close();
      dialer?.close();
      state.close();
    };
    return {
      client,
      address,
      user: membership?.user ?? user,
      registered: membership?.registered ?? false,
      roomSecret,
      state,
      device,
      close,
    };
  } catch (error) {
    dialer?.close();
    state.close();
    throw error;
  }
}

/** Asks on the terminal, where there is one. A newcomer cannot know that none is needed. */
function askSecret(
  context: Context,
  user: string,
  mode: ClientWish["mode"],
): NonNullable<Credentials["ask"]> {
  return (what, again) => {
    const mayBeNew = what === "password" && mode !== "login" && !again;
    if (mayBeNew && context.terminal !== undefined && !context.env[PASSWORD.variable]) {
      say(context, `a new name may go without a password; then only this device is ${user}`);
    }
    const kind = what === "password" ? PASSWORD : ROOM_PASSWORD;
    return readSecret(context, kind, undefined, secretQuestion(what, user, again));
  };
}

const RESUMES = { remedy: "run the same command again: it goes on from there" };
/** Not "run it again": that would say it twice. */
const KEPT = { remedy: "what was not confirmed is kept, and goes out with the next chat send" };

/** Runs a short command: in, asked, out. */
export async function withClient(
  context: Context,
  flags: ClientFlags,
  wish: ClientWish,
  work: (open: OpenClient) => Promise<number>,
): Promise<number> {
  const open = await openClient(context, flags, wish);
  const interrupted = Promise.withResolvers<never>();
  const release = context.onSignal(() =>
    interrupted.reject(new Fault("interrupted", "interrupted", remedyOf(wish))),
  );
  try {
    return await Promise.race([work(open), interrupted.promise]);
  } finally {
    release();
    await open.close();
  }
}

function remedyOf({ posts, resumes }: ClientWish): { readonly remedy?: string } {
  if (posts === true) return KEPT;
  return resumes === true ? RESUMES : {};
}

/**
 * Reads events up to `connected`.
 * @throws Fault when it closes instead
 */
export async function untilConnected(
  events: AsyncIterator<ClientEvent>,
): Promise<Extract<ClientEvent, { kind: "connected" }>> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Fault("link-closed", "the connection was closed");
    if (value.kind === "closed") {
      throw value.fault ?? new Fault("link-closed", "the connection was closed");
    }
    if (value.kind === "connected") return value;
  }
}

function pinnedLine(event: Extract<ClientEvent, { kind: "pinned" | "moved" }>): string {
  if (event.kind === "moved") {
    const [old, now] = [event.from, event.fingerprint].map(formatFingerprint);
    return `${event.address} has a new key ${now}, signed by its old one ${old}; the pin follows`;
  }
  const known = event.knownAs === undefined ? "" : `, known as ${event.knownAs}`;
  const fingerprint = formatFingerprint(event.fingerprint);
  const place = `${event.address}${known}`;
  return `first contact with ${place}; its fingerprint ${fingerprint} is now pinned`;
}

async function askUser(context: Context): Promise<string> {
  if (context.terminal === undefined) {
    throw new Fault("usage", "nobody is named", { remedy: "add --user NAME or set CHAT_USER" });
  }
  return checkName(await context.terminal.askText("Name"), "person's name");
}
