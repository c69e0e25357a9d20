/** `chat users`, `chat rooms` and `chat files`, which print lists from a server. */

import { compareNames } from "../base/names.ts";
import { fileRecords } from "../cli/chat/last-files.ts";
import {
  deleteUnfinished,
  unfinishedJson,
  unfinishedState,
  unfinishedUploads,
} from "../cli/chat/unfinished.ts";
import { stringFlag } from "../cli/command.ts";
import { clientVerb } from "../cli/connect/client.ts";
import { FILE_QUERY, pageQuery } from "../cli/connect/lists.ts";
import { printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { checkFileId } from "../cli/files/receive-file.ts";
import { DamageReport } from "../cli/output/damage.ts";
import {
  type DisplayFile,
  destinationName,
  displayFileJson,
  displayFiles,
  formatTimestamp,
  type JsonOutput,
  type Style,
} from "../cli/output/render.ts";
import { printList, printResult, sizeCell, timeCell } from "../cli/output/result.ts";
import { queryUsers, type UnfinishedUpload } from "../client/link/queries.ts";
import { bodyMatcher } from "../core/client/grep.ts";
import { knownFile } from "../io/state/home-tables.ts";

export const users = clientVerb({
  printsData: true,
  args: { room: stringFlag("ROOM", "Only members of this room", { alias: "r" }) },
  early: ({ room }) => [["who", { room }]],
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
  early: () => [["rooms", {}]],
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

interface FileRow {
  readonly id: string;
  readonly sizeBytes: number;
  readonly name: string;
  readonly from: string;
  readonly where: string;
  readonly timeUnixMs: number;
  readonly state: (style: Style) => string;
  readonly json: JsonOutput;
}

function postedRow(me: string): (file: DisplayFile) => FileRow {
  return (file) => ({
    ...file,
    where: destinationName(file, me),
    state: () => "",
    json: displayFileJson(file),
  });
}

function unfinishedRow(me: string): (upload: UnfinishedUpload) => FileRow {
  return (upload) => ({
    id: upload.file,
    sizeBytes: upload.bytes,
    name: upload.name,
    from: me,
    where: upload.to.join(" "),
    timeUnixMs: upload.since,
    state: (style) => unfinishedState(upload, (unixMs) => formatTimestamp(unixMs, style)),
    json: unfinishedJson(upload, me),
  });
}

export const files = clientVerb({
  printsData: true,
  args: {
    grep: stringFlag("TEXT", "Only files whose name or caption contains this text"),
    delete: stringFlag("ID", "Delete this unfinished upload of yours", {
      many: true,
      parse: checkFileId,
    }),
  },
  details:
    "To download a file: chat get-file ID. Your unfinished uploads are listed last and count " +
    "towards your quota until they are finished or deleted.",
  early: ({ delete: deleted }) =>
    deleted.length > 0
      ? []
      : [
          ["history", pageQuery(FILE_QUERY)],
          ["uploads", {}],
        ],
  async run({ grep, delete: deleted }, context, { client, state, user }) {
    if (grep !== undefined && deleted.length > 0) {
      throw usageFault("--grep and --delete cannot be combined", "use only one of them");
    }
    const isMatch = grep === undefined ? () => true : bodyMatcher(grep, true);
    for (const id of deleted) {
      await deleteUnfinished(client, id);
      printResult(context, { kind: "deleted", id }, `deleted the unfinished upload ${id}`);
    }
    if (deleted.length > 0) return 0;
    const damage = new DamageReport();
    const records = await fileRecords(client, user);
    damage.add(records);
    const listed = records.flatMap(displayFiles);
    const unfinished = await unfinishedUploads(client);
    state.knownFiles.add(client.fingerprint ?? "", listed.map(knownFile));
    const rows = [
      ...listed.filter((file) => isMatch({ ...file })).map(postedRow(user)),
      ...unfinished.filter((upload) => isMatch({ ...upload })).map(unfinishedRow(user)),
    ];
    printList(context, rows, {
      json: ({ json }) => json,
      columns: {
        id: ({ id }) => id,
        size: ({ sizeBytes }, style) => sizeCell(sizeBytes, style),
        name: ({ name }) => name,
        from: ({ from }) => from,
        where: ({ where }) => where,
        time: ({ timeUnixMs }, style) => timeCell(timeUnixMs, style),
        state: ({ state: text }, style) => text(style),
      },
    });
    damage.check();
    return 0;
  },
});
