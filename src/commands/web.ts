/** `chat web`, which serves the page on this machine. */

import { pathToFileURL } from "node:url";
import { toBase64Url } from "../base/bytes.ts";
import { asFault, Fault } from "../base/fault.ts";
import { openerOf } from "../cli/chat/open-file.ts";
import { startProgram } from "../cli/child-program.ts";
import { defineVerb, noFlag, stringFlag } from "../cli/command.ts";
import { connectionClosed, isInteractive, openClient } from "../cli/connect/client.ts";
import { openDialer, type ServerDialer } from "../cli/connect/dial.ts";
import { type Context, endSignalLine, faultLine, printNotice } from "../cli/context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS, serverOptions } from "../cli/flags.ts";
import { printData } from "../cli/output/result.ts";
import { webFiles } from "../cli/web/files.ts";
import { GuidePages } from "../cli/web/guide-pages.ts";
import { isToken, LOCAL_DATA_PATH, LocalPageStore, serveLocalData } from "../cli/web/local-data.ts";
import { loadPage, localPage } from "../cli/web/page.ts";
import { WebProxy } from "../cli/web/proxy.ts";
import { watchPresence } from "../io/disk/presence.ts";
import { makeTemporaryFile } from "../io/disk/temporary-folder.ts";
import { systemEntropy } from "../io/entropy.ts";
import type { Listener } from "../io/link/link.ts";
import { requestUrl } from "../io/ws/address.ts";
import { listenWs } from "../io/ws/listener.ts";
import { httpHandler } from "../server/http/handler.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import { encodeSecret, formatAddress, type ServerSpec } from "../wire/invite.ts";

const HOST = "127.0.0.1";
const TOKEN_BYTES = 32;

const { server, transport, fingerprint } = SERVER_FLAGS;

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    server,
    transport,
    fingerprint,
    port: stringFlag("PORT", "Local port (Default: a free port)", {
      integer: { min: 0, max: 65_535 },
      alias: "p",
    }),
    open: noFlag("Print the address without opening a browser"),
  },
  details: "Serves the web page on this machine. The page reaches the server through this program.",
  async run(args, context) {
    const open = await openClient(context, args, { argument: args.at, greetOnly: true });
    const { address, client, state } = open;
    state.setLastServer(formatAddress(address), context.clock.unixMs(), isInteractive(context));
    const { fingerprint: serverFingerprint, serverAddress = address } = client;
    await open.close();
    if (serverFingerprint === undefined) throw connectionClosed();
    const token = toBase64Url(systemEntropy()(TOKEN_BYTES));
    const { transport: chosenTransport } = serverOptions(context, args, args.at);
    const dialer = openDialer(
      context,
      { ...address, ...serverAddress },
      { transport: chosenTransport },
    );
    const store = new LocalPageStore(context.settings().folders.state, serverFingerprint);
    const target = { address, fingerprint: serverFingerprint, token, dialer, store };
    const listener = await listenOnLastPort(context, target, args.port);
    const stopped = Promise.withResolvers<void>();
    const stopWatching = watchPresence(
      context.clock,
      () => store.isPresent(),
      () => stopped.reject(store.removedFault()),
    );
    const release = context.onSignal((signal) => {
      endSignalLine(context, signal);
      stopped.resolve();
    });
    const url = pageUrl(listener, token, address.secret);
    printAddress(context, url, address, serverFingerprint);
    const isOpened = args.open && context.stdout.isTerminal && !context.json;
    const removeRedirect = isOpened ? openBrowser(context, url) : () => undefined;
    try {
      await stopped.promise;
      return 0;
    } finally {
      release();
      stopWatching();
      removeRedirect();
      await listener.stop();
      store.close();
      dialer.close();
    }
  },
});

interface PageTarget {
  readonly address: ServerSpec;
  readonly fingerprint: Fingerprint;
  readonly token: string;
  readonly dialer: ServerDialer;
  readonly store: LocalPageStore;
}

/** The browser stores data by address, so the port should not change. */
async function listenOnLastPort(
  context: Context,
  target: PageTarget,
  port: number | undefined,
): Promise<Listener> {
  const { store } = target;
  const listener = await listen(context, target, port ?? store.port).catch((error: unknown) => {
    const isTaken = error instanceof Fault && error.code === "port-taken";
    if (port !== undefined || !isTaken) throw error;
    return listen(context, target, 0);
  });
  store.savePort(listener.port);
  return listener;
}

async function listen(context: Context, target: PageTarget, port: number): Promise<Listener> {
  const { address, fingerprint, token, dialer, store } = target;
  const { dial } = dialer;
  const { clock } = context;
  const page = await loadPage();
  if (page === undefined)
    throw new Fault("internal", "this program was built without the web page");
  const name = formatAddress(address);
  const answer = httpHandler({
    name,
    fingerprint: formatFingerprint(fingerprint),
    port: () => listener.port,
    page: localPage(page),
    guides: new GuidePages(),
    files: webFiles({ clock, dial, fingerprint }),
  });
  const listener: Listener = listenWs(
    {
      host: HOST,
      port,
      tls: false,
      // The name of another site may resolve to this machine (DNS rebinding). Requests with such a
      // name receive no page.
      isHost: (host) => host === `${HOST}:${listener.port}`,
      mayConnect: ({ searchParams }) => isToken(searchParams.get("token"), token),
      http: (request, remote) => {
        const isLocalData = requestUrl(request)?.pathname === LOCAL_DATA_PATH;
        return isLocalData ? serveLocalData(store, token, request) : answer(request, remote);
      },
    },
    new WebProxy({ clock, dial, fingerprint }),
  );
  return listener;
}

/** The token is in the fragment, which browsers never send. */
function pageUrl({ port }: Listener, token: string, secret: string | undefined): string {
  const invite = secret === undefined ? "" : `&invite=${encodeSecret(secret)}`;
  return `http://${HOST}:${port}/#${token}${invite}`;
}

function printAddress(
  context: Context,
  url: string,
  address: ServerSpec,
  fingerprint: Fingerprint,
): void {
  const server = formatAddress(address);
  const identity = formatFingerprint(fingerprint);
  const line = { kind: "web", url, server, fingerprint: identity, pid: process.pid };
  printData(context, line, `${url}\n`);
  if (context.json) return;
  printNotice(context, `web page for ${server}, on this machine only (Ctrl-C to stop):`);
}

const REDIRECT_FILE_MS = 60_000;

/**
 * Opens the address through a private file that redirects, because the address contains secrets and
 * other users can read the process list.
 * @returns function that removes the file
 */
export function openBrowser(context: Context, url: string): () => void {
  try {
    return openRedirect(context, url);
  } catch (error) {
    printNotice(context, `cannot open a browser: ${faultLine(asFault(error))}`);
    return () => undefined;
  }
}

function openRedirect({ env, clock }: Context, url: string): () => void {
  const isDesktop =
    process.platform !== "linux" || env["DISPLAY"] !== undefined || env["WAYLAND_DISPLAY"];
  const opener = openerOf(env);
  if (!isDesktop || opener === undefined) return () => undefined;
  const file = makeTemporaryFile("chat-web-", "open.html", redirectPage(url));
  const cancel = clock.after(REDIRECT_FILE_MS, file.remove);
  const command = [...opener, pathToFileURL(file.path).href];
  startProgram(command, env, { stdio: ["ignore", "ignore", "ignore"] }).unref();
  return () => {
    cancel();
    file.remove();
  };
}

function redirectPage(url: string): string {
  const safe = Bun.escapeHTML(url);
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${safe}">
<title>chat</title>
<a href="${safe}">chat</a>
`;
}
