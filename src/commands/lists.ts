/** `chat users`, `chat rooms` and `chat files`, which print lists from a server. */

import { compareNames } from "../base/names.ts";
import { fileRecords } from "../cli/chat/last-files.ts";
import { stringFlag } from "../cli/command.ts";
import { clientVerb } from "../cli/connect/client.ts";
import { printNotice } from "../cli/context.ts";
import { DamageReport } from "../cli/output/damage.ts";
import { destinationName, isFile, recordJson } from "../cli/output/render.ts";
import { printList, sizeCell, timeCell } from "../cli/output/result.ts";
import { queryUsers } from "../client/link/queries.ts";
import { knownFile } from "../io/state/home-tables.ts";

export const users = clientVerb({
  printsData: true,
  args: { room: stringFlag("ROOM", "Only members of this room", { alias: "r" }) },
  async run({ room }, context, { client }) {
    return printList(context, await queryUsers(client.request, room), {
      json: (user) => ({ kind: "user", ...user }),
      columns: {
        user: ({ user }) => user,
        online: ({ online }) => (online ? "online" : "offline"),
        role: ({ role }) => role,
      },
    });
  },
});

export const rooms = clientVerb({
  printsData: true,
  args: {},
  async run(_args, context, { client }) {
    const { rooms: listed, more } = await client.request("rooms", {});
    printList(
      context,
      listed.toSorted((a, b) => compareNames(a.room, b.room)),
      {
        json: (room) => ({ kind: "room", ...room }),
        columns: {
          room: ({ room }) => room,
          members: ({ members, joined, locked }) => (locked && !joined ? "" : members),
          joined: ({ joined }) => (joined ? "joined" : ""),
          topic: ({ topic }) => topic,
          unread: ({ unread }) => unread || "",
        },
      },
    );
    if (more) printNotice(context, "more rooms exist than are listed");
    return 0;
  },
});

export const files = clientVerb({
  printsData: true,
  args: {},
  details: "To download a file: chat get-file ID",
  async run(_args, context, { client, state, user }) {
    const damage = new DamageReport();
    const records = await fileRecords(client, user);
    damage.add(records);
    const listed = records.filter(isFile);
    state.knownFiles.add(client.fingerprint ?? "", listed.map(knownFile));
    printList(context, listed, {
      json: recordJson,
      columns: {
        id: ({ id }) => id,
        size: ({ sizeBytes }, style) => sizeCell(sizeBytes, style),
        name: ({ name }) => name,
        from: ({ from }) => from,
        where: (file) => destinationName(file, user),
        time: ({ timeUnixMs }, style) => timeCell(timeUnixMs, style),
      },
    });
    damage.check();
    return 0;
  },
});
