/** `chat serve`, which runs a server. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkNewPassword } from "../base/new-passwords.ts";
import { defined } from "../base/values.ts";
import { defineVerb } from "../cli/command.ts";
import { lanAddresses, listenHosts, ownAddresses } from "../cli/connect/invite.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { ROOM_PASSWORD, readSecret } from "../cli/secrets.ts";
import type { Board } from "../cli/serve/board/board.ts";
import { mayShowBoard } from "../cli/serve/board/output.ts";
import { clusterConfig, printCredentialsExpiry } from "../cli/serve/cluster-config.ts";
import {
  checkArgs,
  dailyQuotasOf,
  parsePublic,
  quotasOf,
  readPair,
  SERVE_FLAGS,
  type ServeArgs,
  withSettings,
} from "../cli/serve/flags.ts";
import { loadServerSettings, openFolder } from "../cli/serve/folder.ts";
import { checkIrcListening, ircEndpoints } from "../cli/serve/irc.ts";
import { warnAboutOtherServer } from "../cli/serve/last-data.ts";
import { checkListening } from "../cli/serve/listen.ts";
import { checkNatsSync } from "../cli/serve/nats-sync.ts";
import { openOffer } from "../cli/serve/offer.ts";
import { pushContact } from "../cli/serve/push.ts";
import { runServer } from "../cli/serve/run.ts";
import { systemEntropy } from "../io/entropy.ts";
import { PORT_DEFAULT } from "../wire/invite.ts";

export const command = defineVerb({
  args: SERVE_FLAGS,
  details: `Settings can also be in settings.toml in the data folder (port = 2500), or in the
environment (CHAT_SERVE_PORT=2500).`,
  async run(values, outer, byFlag) {
    const { env } = outer;
    // Safe, because each value is checked against the same definitions.
    const args = withSettings({ definitions: SERVE_FLAGS, values, byFlag, env }) as ServeArgs;
    checkArgs(args);
    parsePublic(args.public);
    const board = await openBoard(outer, args);
    const context = board?.context ?? outer;
    if (args.wall && board === undefined) {
      printNotice(context, "--wall has no effect; it needs a terminal of at least 50x15");
    }
    const irc = ircEndpoints(args);
    const files = quotasOf(args);
    // Refuse an invalid size before anything is opened.
    dailyQuotasOf(args);
    const offer = args.offer === undefined ? undefined : openOffer(args.offer);
    if (args.push !== undefined) pushContact(args.push);
    context.continueWithoutOutput(); // The server continues when the reader of its output exits.
    const entropy = systemEntropy();
    const requestedPassword = await readSecret(context, ROOM_PASSWORD, args.roomPasswordFile);
    const certificate = readPair(args);
    warnAboutOtherServer(context, args.data);
    if (!existsSync(join(args.data, "format.json"))) {
      if (requestedPassword !== undefined) checkNewPassword(requestedPassword);
      const port = args.port ?? PORT_DEFAULT;
      await checkListening({ hosts: listenHosts(args.host), port });
      await checkIrcListening(irc, context.clock);
    }
    const { clock } = context;
    const hosts = lanAddresses(ownAddresses());
    const clusterArgs =
      args.nats.length === 0 ? undefined : await clusterConfig(args, args.unsafeNats);
    const cluster = clusterArgs && { ...clusterArgs, filesBytesMax: files.totalBytesMax };
    if (cluster !== undefined) {
      printCredentialsExpiry(context, cluster);
      await checkNatsSync(context, cluster);
    }
    const open = await openFolder({
      path: args.data,
      clock,
      entropy,
      certificate,
      hosts,
      newIdentity: args.newIdentity,
      acceptsLoss: args.acceptLoss,
      onWriteError: (fault) => printNotice(context, `${fault.message}; ${fault.remedy}`),
      onFormatRaised: (from, to, kind) => {
        const path = args.data;
        printNotice(
          context,
          `${path} now has format ${to} (was ${from}), because of a record '${kind}' that older ` +
            "versions of chat do not know; to go back to one, restore a backup made before; " +
            "without one, see 'Go back to an older version' in docs/backup.md",
        );
      },
      ...defined({ postsPerSecond: args.postsPerSecond, cluster }),
    });
    try {
      const names = { name: args.name, roomPassword: requestedPassword };
      const isShared = open.cluster !== undefined && open.history.head() > 0 && !args.open;
      const settings = loadServerSettings(open.folder.path, names, entropy, isShared);
      const roomPassword = args.open ? undefined : settings.roomPassword;
      return await runServer(context, args, open, {
        name: settings.name,
        roomPassword,
        files,
        offer,
        irc,
        board,
      });
    } finally {
      await board?.close();
      await open.close();
    }
  },
});

/** Loaded only for a terminal. `undefined` if the server prints lines. */
async function openBoard(context: Context, args: ServeArgs): Promise<Board | undefined> {
  if (!mayShowBoard(context, args)) return undefined;
  const module = await import("../cli/serve/board/board.ts");
  return new module.Board(context, args);
}
