/** `chat lan`, which lets users chat without a server. */

import { Fault } from "../base/fault.ts";
import type { Name } from "../base/names.ts";
import { checkTypedName } from "../base/new-names.ts";
import type { ChatConsole } from "../cli/chat/console.ts";
import { defineVerb, type FlagDefs, type FlagValues, flag, stringFlag } from "../cli/command.ts";
import { deviceIdentity } from "../cli/connect/keys.ts";
import type { Context } from "../cli/context.ts";
import { openHome } from "../cli/home.ts";
import { LanClient, PlainClient } from "../cli/lan/client.ts";
import { promptUserName, ROOM_PASSWORD, readSecret, type SecretKind } from "../cli/secrets.ts";
import { LanRoom } from "../client/lan-room.ts";
import type { Identity } from "../crypto/identity.ts";
import { LanEnvelope, lanKey } from "../crypto/lan-envelope.ts";
import { systemEntropy } from "../io/entropy.ts";
import { type MulticastOptions, openMulticast } from "../io/lan/multicast.ts";
import { MULTICAST_GROUP } from "../io/probe/host-probe.ts";
import { receiveOnlyJoined } from "../io/ws/linux-sockets.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import { checkLanGroup, formatLanAddress } from "../wire/lan.ts";

const PORT = 5004;
const TTL = 2;

type GroupOptions = Omit<MulticastOptions, "scope">;

const ARGS = {
  group: stringFlag("ADDR", "Multicast group", { default: MULTICAST_GROUP }),
  port: stringFlag("N", `UDP port (Default: ${PORT})`, { integer: { min: 1, max: 65_535 } }),
  ttl: stringFlag("N", `Multicast TTL (Default: ${TTL})`, { integer: { min: 1, max: 255 } }),
  interface: stringFlag("ADDR", "Address of the network interface (Default: all interfaces)"),
  user: stringFlag("NAME", "Your user name", { alias: "u" }),
  roomPasswordFile: stringFlag("FILE", "Group password file; - for stdin"),
  plain: flag("Send and show plain UTF-8 datagrams"),
} as const satisfies FlagDefs;

export const command = defineVerb({
  args: ARGS,
  details: "Everything you type is sent to the whole multicast group. /help lists commands.",
  async run(args, context) {
    const { port = PORT, ttl = TTL } = args;
    const group = { group: checkLanGroup(args.group), port, ttl, interface: args.interface };
    if (!args.plain) return runSigned(context, group, args);
    if (args.roomPasswordFile !== undefined) {
      throw new Fault("usage", "plain datagrams cannot be encrypted", {
        remedy: "remove --plain or --room-password-file",
      });
    }
    return runPlain(context, group);
  },
});

const GROUP_PASSWORD: SecretKind = { ...ROOM_PASSWORD, name: "group password" };

async function runSigned(
  context: Context,
  group: GroupOptions,
  flags: FlagValues<typeof ARGS>,
): Promise<number> {
  const name = await userNameOf(context, flags.user);
  const question = "Group password (optional)";
  const secret = await readSecret(context, GROUP_PASSWORD, flags.roomPasswordFile, question);
  const randomBytes = systemEntropy();
  const groupAddress = formatLanAddress(group.group, group.port);
  const envelope = new LanEnvelope({
    device: loadDevice(context),
    groupAddress,
    key: secret === undefined ? undefined : await lanKey(secret, groupAddress),
    randomBytes,
  });
  const { keyId } = envelope;
  const client = new LanClient(context, name, keyId);
  try {
    const room = await LanRoom.open({
      clock: context.clock,
      envelope,
      name,
      random: (randomBytes(1)[0] ?? 0) / 256,
      open: (onDatagram) => openMulticast({ ...group, scope: "all" }, onDatagram),
      onEvent: client.show,
    });
    try {
      const sealed = secret !== undefined;
      const me = { user: name, key: formatFingerprint(keyId), sealed };
      const protection = sealed ? "encrypted with the password" : "signed, not encrypted";
      printListening(
        client.chatConsole,
        group,
        room.interfaces,
        me,
        `you are ${name}; messages are ${protection}`,
      );
      return await client.run(room);
    } finally {
      await room.close();
    }
  } finally {
    client.chatConsole.close();
  }
}

async function runPlain(context: Context, group: GroupOptions): Promise<number> {
  const client = new PlainClient(context);
  try {
    const onBound = () => receiveOnlyJoined({ family: "ipv4", port: group.port });
    const options = { ...group, scope: "networks", onBound } as const;
    const multicast = await openMulticast(options, client.show);
    try {
      const { interfaces } = multicast;
      const protection =
        "plain text: anyone on the network can read it, and names are not verified";
      printListening(client.chatConsole, group, interfaces, { plain: true }, protection);
      return await client.run(multicast);
    } finally {
      await multicast.close();
    }
  } finally {
    client.chatConsole.close();
  }
}

function printListening(
  chatConsole: ChatConsole,
  { group, port }: GroupOptions,
  interfaces: readonly string[],
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  chatConsole.print(
    { kind: "listening", group, port, interfaces, ...fields },
    `joined ${group}:${port} on ${interfaces.join(", ")}; ${message}`,
  );
}

async function userNameOf(context: Context, flag: string | undefined): Promise<Name> {
  const name = flag ?? (context.env["CHAT_USER"] || context.settings().config.user);
  if (name !== undefined) return checkTypedName(name);
  return checkTypedName(await promptUserName(context));
}

function loadDevice(context: Context): Identity {
  using state = openHome(context);
  return deviceIdentity(state);
}
