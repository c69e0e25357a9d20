/** Handlers for log-in, log-out and passwords. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { LOBBY } from "../../core/rooms/rooms.ts";
import type { RequestKind, RequestOf } from "../../wire/messages.ts";
import type { Services } from "../services/services.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Login } from "../session/connection-state.ts";
import { DEFERRED, type Handlers, type Sender, type SessionActions } from "./handler.ts";

/** Delay before a client retries a log-in, because each attempt counts as a guess. */
const LOGIN_RETRY_MS = 3_000;

export function authHandlers(services: Services, sessions: SessionActions) {
  const { authenticator, resets, rooms, registry, kernel, sequencer } = services;
  const enterLobby = (client: ClientConnection, account: Account, ref: number) => {
    kernel.submit({ user: account.id, session: client.id }, { kind: "enter" }, (outcome) => {
      if (outcome instanceof Fault) client.settle(ref, outcome);
      else sessions.logIn(client, account, ref, undefined);
    });
    return DEFERRED;
  };
  return {
    admit: async (request, { client }) => {
      await sequencer.waitUntilCurrent(); // Another server may have created the invite.
      await authenticator.admit(client, request);
    },
    register: async (request, { client }) => {
      const account = await authenticator.register(client, request);
      client.authenticated(loginOf(request));
      return enterLobby(client, account, request.ref);
    },
    login: async (request, { client }) => {
      const account = await login(services, client, request);
      if (rooms.find(LOBBY)?.admitted.has(account.id) === false) {
        // The registration was interrupted after the account was recorded and before it entered the
        // lobby.
        return enterLobby(client, account, request.ref);
      }
      sessions.logIn(client, account, request.ref, request.after);
      return DEFERRED;
    },
    recover: (request, { client }) => resets.use(client, request),
    passwd: async (request, { client, account }) => {
      await authenticator.checkCurrent(client, account, request.current);
      const hash = await authenticator.hash(account.id, request.password);
      await kernel.transact(() => [registry.passwordDraft(account.id, hash)]);
    },
    logout: (request, sender) => {
      const { client, member } = sender;
      const leave = () => {
        if (member.device !== undefined) services.push?.onSignedOut(member.device);
        sessions.logOut(client);
      };
      return request.forget === true ? forgetDevice(services, sender).then(leave) : leave();
    },
  } satisfies Partial<Handlers<RequestKind>>;
}

async function login(
  services: Services,
  client: ClientConnection,
  request: RequestOf<"login">,
): Promise<Account> {
  const isCurrent = await waitForClientState(services, request);
  try {
    return await authenticate(services, client, request);
  } catch (error) {
    const isRefused = error instanceof Fault && error.code === "login-refused";
    if (isCurrent || !isRefused) throw error;
    // Another server may know the account, the device or the password that this server lacks.
    const message = "the server's cluster has no majority and cannot check this log-in";
    throw new Fault("no-majority", message, { cause: error, retryAfterMs: LOGIN_RETRY_MS });
  }
}

async function authenticate(
  { authenticator }: Services,
  client: ClientConnection,
  request: RequestOf<"login">,
): Promise<Account> {
  const { user, password, presence } = request;
  if (client.link.transport !== "irc") {
    const account = await authenticator.login(client, request);
    client.authenticated(loginOf(request));
    return account;
  }
  const { account, ircPassword } = await authenticator.loginGateway(client, user, password ?? "");
  client.authenticated({ device: undefined, ircPassword, isPresent: presence !== false });
  return account;
}

/** Waits for the records that another server has already sent to this client. */
async function waitForClientState(
  { sequencer, rooms }: Services,
  { after = 0 }: RequestOf<"login">,
): Promise<boolean> {
  const isCurrent = await sequencer.waitUntilCurrent();
  const isApplied = after <= rooms.head || after === Number.MAX_SAFE_INTEGER;
  if (!isApplied) await sequencer.waitForSeq(after);
  return isCurrent;
}

async function forgetDevice(
  { registry, kernel, peers }: Services,
  { client, member: { device }, account }: Sender,
): Promise<void> {
  if (device === undefined) return;
  await kernel.transact(() =>
    account.devices.has(device) ? [registry.deviceRemovalDraft(account, device)] : [],
  );
  const fault = new Fault("login-refused", "this device was signed out");
  peers.close(account.id, fault, (peer) => peer !== client && peer.member?.device === device);
}

function loginOf({ deviceKey, presence }: RequestOf<"register"> | RequestOf<"login">): Login {
  return { device: toBase64Url(deviceKey), isPresent: presence !== false };
}
