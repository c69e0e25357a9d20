/** `chat users`, `chat rooms` and `chat files`, which print lists from a server. */

import { compareNames } from "../base/names.ts";
import { counted } from "../base/sizes.ts";
import { defined } from "../base/values.ts";
import { fileRecords } from "../cli/chat/last-files.ts";
import {
  deleteUnfinished,
  unfinishedJson,
  unfinishedState,
  unfinishedUploads,
} from "../cli/chat/unfinished.ts";
import { flag, stringFlag } from "../cli/command.ts";
import { clientVerb } from "../cli/connect/client.ts";
import { FILE_QUERY, pageQuery } from "../cli/connect/lists.ts";
import { printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { checkFileId } from "../cli/files/receive-file.ts";
import { DamageReport } from "../cli/output/damage.ts";
import { placeNames } from "../cli/output/inbox.ts";
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
import { queryInbox, queryUsers, type UnfinishedUpload } from "../client/link/queries.ts";
import { shownTitle } from "../core/client/chat-record.ts";
import { bodyMatcher } from "../core/client/grep.ts";
import { type InboxPlace, readInbox } from "../core/client/inbox.ts";
import { sha256 } from "../crypto/sha256.ts";
import { knownFile } from "../io/state/home-tables.ts";
import { roomTitle } from "../ui/text/target-text.ts";
import type { Answer } from "../wire/messages.ts";

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

interface RoomRow {
  readonly name: string;
  /** Name on a screen. */
  readonly shown: string;
  /** Display name of a room. */
  readonly title?: string | undefined;
  readonly topic: string;
  readonly members: number | string;
  readonly isJoined: boolean;
  readonly unread: number;
  readonly calls: number;
  readonly first?: number | undefined;
  readonly json: JsonOutput;
}

function personRow({ room, unread, calls, first }: InboxPlace): RoomRow {
  const { kind, fields, name, shown } = placeNames(room);
  const json = defined({ kind, ...fields, unread, calls, firstUnread: first });
  return { name, shown, topic: "", members: "", isJoined: true, unread, calls, first, json };
}

function roomRow(
  room: Answer<"rooms">["rooms"][number],
  { unread, calls, first }: Pick<InboxPlace, "unread" | "calls" | "first">,
): RoomRow {
  const { room: name, topic, members, joined, locked } = room;
  const title = shownTitle(room.title);
  const counts = joined ? defined({ calls, firstUnread: first }) : {};
  const json = { kind: "room", ...room, ...counts };
  const size = locked && !joined ? "" : members;
  const names = { name, title, shown: roomTitle({ name, title }) };
  return { ...names, topic, members: size, isJoined: joined, unread, calls, first, json };
}

export const rooms = clientVerb({
  printsData: true,
  args: { all: flag("On a terminal, also list the rooms that you are not in") },
  details: "What calls you comes first, then people, then rooms with something unread.",
  early: () => [
    ["rooms", {}],
    ["inbox", {}],
  ],
  async run({ all }, context, { client, user }) {
    const [{ rooms: listed, more }, pages] = await Promise.all([
      client.request("rooms", {}),
      queryInbox(client.request),
    ]);
    const inbox = readInbox(pages, sha256, user);
    const places = new Map(inbox.rooms.map((place) => [place.room.name, place]));
    const named = listed
      .toSorted((a, b) => compareNames(a.room, b.room))
      .map((room) => roomRow(room, places.get(room.room) ?? NOTHING_UNREAD));
    const rank = ({ calls, unread }: RoomRow) => (calls > 0 ? 0 : unread > 0 ? 1 : 2);
    const rows = [...inbox.people.map(personRow), ...named].sort((a, b) => rank(a) - rank(b));
    const { isTerminal } = context.stdout;
    if (context.json || !isTerminal) {
      printList(context, rows, {
        json: ({ json }) => json,
        columns: {
          room: ({ name }) => name,
          members: ({ members }) => members,
          joined: ({ isJoined }) => (isJoined ? "joined" : ""),
          topic: ({ topic }) => topic,
          unread: ({ unread }) => unread || "",
          calls: ({ calls }) => calls || "",
          firstUnread: ({ first }) => first,
          title: ({ title = "" }) => title,
        },
      });
    } else {
      const joined = rows.filter(({ isJoined }) => isJoined);
      printList(context, all ? rows : joined, {
        json: ({ json }) => json,
        columns: {
          unread: ({ unread }) => unread || "-",
          "@": ({ calls }) => calls || "-",
          room: ({ shown }) => shown,
          ...(rows.some(({ title }) => title !== undefined) ? { name: typedName } : {}),
          topic: ({ topic }) => topic,
        },
      });
      printNotice(context, roomsSum(joined, all ? 0 : rows.length - joined.length));
    }
    if (more) printNotice(context, "more rooms exist than are listed");
    return 0;
  },
});

/** Name that one types instead of the one that is displayed. */
function typedName({ name, title }: RoomRow): string {
  return title === undefined ? "" : `#${name}`;
}

const NOTHING_UNREAD = { unread: 0, calls: 0, first: undefined };

function roomsSum(joined: readonly RoomRow[], others: number): string {
  const news = joined.filter(({ unread, calls }) => unread + calls > 0).length;
  const sum =
    news === 0
      ? `nothing new in ${joined.length}`
      : `${news} of ${joined.length} have something new`;
  return others === 0 ? sum : `${sum}; not joined: ${counted(others, "room")} (chat rooms --all)`;
}

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
    const isMatch = bodyMatcher({ grep, ignoreCase: true }) ?? (() => true);
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
