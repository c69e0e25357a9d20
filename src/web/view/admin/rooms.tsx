/** Dashboard tabs: rooms and files. */

import { formatDuration, formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { askingItem } from "../shell/dialog.tsx";
import { type PartPage, usePartPage } from "../shell/full-page.ts";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { AskButton } from "./confirm-button.tsx";
import { type Asked, type Column, field, Marked, ServerTable, UserText } from "./table.tsx";

type RoomEntry = Answer<"all-rooms">["rooms"][number];
type FileEntry = Answer<"all-files">["files"][number];

/** Every user joins the lobby; it cannot be closed or removed. */
const LOBBY = "lobby";

function roomItems(page: PartPage, one: RoomEntry, again: () => void): readonly MenuItem[] {
  const { texts, chat } = page;
  const { room, closed } = one;
  const name = `#${cleanText(room)}`;
  const close = askingItem(page, {
    title: closed ? texts.reopenAsk(name) : texts.closeRoomAsk(name),
    text: closed ? "" : texts.closeRoomExplained,
    action: closed ? texts.reopenRoom : texts.closeRoom,
    isDanger: !closed,
    onConfirm: () => chat.request("close", { room, on: !closed }).then(again),
  });
  const remove = askingItem(page, {
    title: texts.removeAsk(name),
    text: texts.removeRoomExplained,
    action: texts.remove,
    isDanger: true,
    onConfirm: () => chat.request("remove", { room }).then(again),
  });
  return [{ ...close, isDanger: false }, remove];
}

function roomColumns(page: PartPage, again: () => void): readonly Column<RoomEntry>[] {
  const { texts } = page;
  return [
    {
      id: "name",
      name: texts.room,
      isHead: true,
      by: ({ room }) => room,
      cell: ({ room, locked, sealed, closed, vacant }) => (
        <Marked
          name={`#${cleanText(room)}`}
          marks={[
            locked && texts.locked,
            sealed && texts.sealed,
            closed && texts.closedWord,
            vacant && texts.vacant,
          ]}
        />
      ),
    },
    {
      id: "more",
      name: texts.more,
      cell: (one) =>
        one.room === LOBBY ? null : (
          <MenuButton
            label={texts.actionsFor(`#${cleanText(one.room)}`)}
            items={() => roomItems(page, one, again)}
          />
        ),
    },
    field("members", texts.people),
    field("records", texts.recordsHead),
    field("bytes", texts.dashboardFiles, (bytes, { files }) =>
      texts.filesCount(files, formatSize(bytes)),
    ),
    {
      id: "keep",
      name: texts.keptHead,
      cell: ({ keepMs }) =>
        keepMs === undefined ? texts.forever : texts.span(formatDuration(keepMs)),
    },
    {
      id: "topic",
      name: texts.topic,
      cell: ({ topic }) => <UserText text={topic} className="cut-cell" />,
    },
  ];
}

/** All rooms, the largest first. */
export function DashboardRooms() {
  const page = usePartPage();
  const { texts, chat } = page;
  const ask = async (asked: Asked) => {
    const { rooms, total } = await chat.request("all-rooms", asked);
    return { rows: rooms, total, words: texts.roomsCount(total) };
  };
  return (
    <ServerTable
      label={texts.rooms}
      ask={ask}
      columnsOf={(again) => roomColumns(page, again)}
      keyOf={({ room }) => room}
      order={{ by: "bytes", down: true }}
    />
  );
}

function EraseButton({ file, again }: { readonly file: FileEntry; again: () => void }) {
  const page = usePartPage();
  const { texts, chat } = page;
  const { name = "", bytes, seqs } = file;
  const erase = async () => {
    // Erasing the last record of a file deletes its content.
    for (const seq of seqs) await chat.request("erase", { seq });
    again();
  };
  if (seqs.length === 0) return null;
  return (
    <AskButton
      label={texts.eraseOf(cleanText(name))}
      question={{
        title: texts.eraseFileAsk(cleanText(name), formatSize(bytes)),
        text: texts.eraseFileExplained,
        action: texts.erase,
        isDanger: true,
        onConfirm: erase,
      }}
    />
  );
}

function fileColumns(page: PartPage, again: () => void): readonly Column<FileEntry>[] {
  const { texts, times } = page;
  return [
    {
      ...field("name", texts.file, (name) => (
        <UserText text={name ?? texts.filePrivate} className="cut-cell" />
      )),
      isHead: true,
    },
    field("bytes", texts.fileSize, formatSize),
    field("user", texts.name),
    field("time", texts.chartTime, times.full),
    {
      id: "rooms",
      name: texts.room,
      cell: ({ rooms }) => <UserText text={rooms.map((room) => `#${room}`).join(", ")} />,
    },
    {
      id: "more",
      name: texts.actions,
      cell: (file) => <EraseButton file={file} again={again} />,
    },
  ];
}

/** All files, the largest first. */
export function DashboardFiles() {
  const page = usePartPage();
  const { texts, chat } = page;
  const ask = async (asked: Asked) => {
    const { files, total, bytes } = await chat.request("all-files", asked);
    return { rows: files, total, words: texts.filesCount(total, formatSize(bytes)) };
  };
  return (
    <ServerTable
      label={texts.dashboardFiles}
      ask={ask}
      columnsOf={(again) => fileColumns(page, again)}
      keyOf={({ file }) => file}
      order={{ by: "bytes", down: true }}
    />
  );
}
