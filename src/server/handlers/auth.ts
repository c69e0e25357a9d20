/** Handlers of log-in, log-out and passwords. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Account, Registry } from "../../core/rooms/accounts.ts";
import { LOBBY, type Rooms } from "../../core/rooms/rooms.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { Authenticator } from "../auth/login.ts";
import type { Resets } from "../auth/resets.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { PushService } from "../push/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Login } from "../session/connection-state.ts";
import type { Siblings } from "../siblings/siblings.ts";
import { type Handlers, LATER, type Sender, type ServerActions } from "./handler.ts";

export interface AuthHandlerOptions {
  readonly entry: Authenticator;
  readonly resets: Pick<Resets, "use">;
  readonly rooms: Rooms;
  readonly registry: Registry;
  /** `undefined` if push is disabled. */
  readonly push: Pick<PushService, "signedOut"> | undefined;
  readonly siblings: Pick<Siblings, "reached" | "current">;
  readonly kernel: Pick<Kernel, "submit" | "decide">;
  readonly server: ServerActions;
}

type AuthKind = "admit" | "register" | "login" | "recover" | "passwd" | "logout";

/** Each attempt counts as a guess. */
const LOGIN_AGAIN_MS = 3_000;

export function authHandlers(options: AuthHandlerOptions): Handlers<AuthKind> {
  const { entry, resets, rooms, registry, kernel, siblings, server } = options;
  return {
    admit: async (request, { client }) => {
      await siblings.current(); // The invite may be newer than this server's state.
      await entry.admit(client, request);
    },
    register: async (request, { client }) => {
      const account = await entry.register(client, request);
      client.authenticated(loginOf(request));
      return enterLobby(options, client, account, request.ref);
    },
    login: async (request, { client }) => {
      const account = await login(options, client, request);
      client.authenticated(loginOf(request));
      if (rooms.find(LOBBY)?.admitted.has(account.id) === false) {
        // The registration was interrupted between the two logs.
        return enterLobby(options, client, account, request.ref);
      }
      server.enter(client, account, request.ref, request.after);
      return LATER;
    },
    recover: (request, { client }) => resets.use(client, request),
    passwd: async (request, { client, account }) => {
      await entry.checkCurrent(client, account, request.current);
      const hash = await entry.hash(account.id, request.password);
      await kernel.decide(() => [registry.passwordDraft(account.id, hash)]);
    },
    logout: (request, sender) => {
      const { client, member } = sender;
      const leave = () => {
        options.push?.signedOut(member.device);
        server.leave(client);
      };
      return request.forget === true ? forgetDevice(options, sender).then(leave) : leave();
    },
  };
}

function enterLobby(
  { kernel, server }: AuthHandlerOptions,
  client: ClientConnection,
  account: Account,
  ref: number,
) {
  kernel.submit({ user: account.id, session: client.id }, { kind: "enter" }, (outcome) => {
    if (outcome instanceof Fault) client.settle(ref, outcome);
    else server.enter(client, account, ref, undefined);
  });
  return LATER;
}

/** @throws Fault as `Authenticator.login`; no-majority if the account cannot be checked */
async function login(
  options: AuthHandlerOptions,
  client: ClientConnection,
  request: RequestOf<"login">,
): Promise<Account> {
  const isCurrent = await caughtUp(options, request);
  try {
    return await options.entry.login(client, request);
  } catch (error) {
    const isRefused = error instanceof Fault && error.code === "login-refused";
    if (isCurrent || !isRefused) throw error;
    // The account, the device or the password may be known to another server only.
    const sentence = "the server's cluster has no majority: it cannot check this log-in now";
    throw new Fault("no-majority", sentence, { cause: error, retryAfterMs: LOGIN_AGAIN_MS });
  }
}

/**
 * Waits for what another server of the cluster has shown to this client.
 * @returns whether everything recorded is applied here
 */
async function caughtUp(
  { siblings, rooms }: AuthHandlerOptions,
  { after = 0 }: RequestOf<"login">,
): Promise<boolean> {
  const isCurrent = await siblings.current(); // The account may be newer than this server's state.
  // The largest number means that the client asks for no history.
  const isKnown = after <= rooms.head || after === Number.MAX_SAFE_INTEGER;
  if (!isKnown) await siblings.reached(after);
  return isCurrent;
}

/** Removes the device from the account and closes its other sessions. @throws Fault store-… */
async function forgetDevice(
  { registry, kernel, server }: AuthHandlerOptions,
  { client, member: { device }, account }: Sender,
): Promise<void> {
  await kernel.decide(() =>
    account.devices.has(device) ? [registry.deviceGoneDraft(account, device)] : [],
  );
  const fault = new Fault("login-refused", "this device was signed out");
  for (const other of [...server.peersOf(account)]) {
    if (other !== client && other.member?.device === device) other.close(fault);
  }
}

function loginOf({ deviceKey, presence }: RequestOf<"register"> | RequestOf<"login">): Login {
  return { device: toBase64Url(deviceKey), isPresent: presence !== false };
}
