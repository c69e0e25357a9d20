/** Dashboard tabs: rooms and files. */

import { useCallback } from "react";
import { formatLeft, formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { Button } from "../shell/button.tsx";
import { confirm } from "../shell/dialog.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { type PartPage, usePartPage } from "../shell/part-page.ts";
import { type Asked, type Column, ServerTable } from "./table.tsx";

type RoomEntry = Answer<"all-rooms">["rooms"][number];
type FileEntry = Answer<"all-files">["files"][number];

/** Every user joins the lobby; it cannot be closed or removed. */
const LOBBY = "lobby";

function close(page: PartPage, { room, closed }: RoomEntry, again: () => void): void {
  const { texts, chat } = page;
  const name = `#${cleanText(room)}`;
  confirm(page, {
    title: closed ? texts.reopenAsk(name) : texts.closeRoomAsk(name),
    text: closed ? "" : texts.closeRoomExplained,
    action: closed ? texts.reopenRoom : texts.closeRoom,
    isDanger: !closed,
    onConfirm: async () => {
      await chat.request("close", { room, on: !closed });
      again();
    },
  });
}

function remove(page: PartPage, { room }: RoomEntry, again: () => void): void {
  const { texts, chat } = page;
  confirm(page, {
    title: texts.removeAsk(`#${cleanText(room)}`),
    text: texts.removeRoomExplained,
    action: texts.remove,
    isDanger: true,
    onConfirm: async () => {
      await chat.request("remove", { room });
      again();
    },
  });
}

function roomColumns(page: PartPage, again: () => void): readonly Column<RoomEntry>[] {
  const { texts } = page;
  const items = (one: RoomEntry): readonly MenuItem[] => [
    {
      label: one.closed ? texts.reopenRoom : texts.closeRoom,
      onChoose: () => close(page, one, again),
    },
    { label: texts.remove, isDanger: true, onChoose: () => remove(page, one, again) },
  ];
  return [
    {
      id: "name",
      name: texts.room,
      isHead: true,
      by: ({ room }) => room,
      cell: ({ room, locked, sealed, closed, vacant }) => (
        <>
          <span dir="auto">#{cleanText(room)}</span>
          {locked ? <span className="badge">{texts.locked}</span> : null}
          {sealed ? <span className="badge">{texts.sealed}</span> : null}
          {closed ? <span className="badge">{texts.closedWord}</span> : null}
          {vacant ? <span className="badge">{texts.vacant}</span> : null}
        </>
      ),
    },
    {
      id: "more",
      name: texts.more,
      cell: (one) =>
        one.room === LOBBY ? null : (
          <MenuButton
            label={texts.actionsFor(`#${cleanText(one.room)}`)}
            items={() => items(one)}
          />
        ),
    },
    {
      id: "members",
      name: texts.people,
      cell: ({ members }) => members,
      by: ({ members }) => members,
    },
    {
      id: "records",
      name: texts.recordsHead,
      cell: ({ records }) => records,
      by: ({ records }) => records,
    },
    {
      id: "bytes",
      name: texts.filesSize,
      cell: ({ files, bytes }) => texts.filesCount(files, formatSize(bytes)),
      by: ({ bytes }) => bytes,
    },
    {
      id: "keep",
      name: texts.keptHead,
      cell: ({ keepMs }) => (keepMs === undefined ? texts.forever : texts.span(formatLeft(keepMs))),
    },
    {
      id: "topic",
      name: texts.topic,
      cell: ({ topic }) => (
        <span className="cut-cell" dir="auto">
          {cleanText(topic)}
        </span>
      ),
    },
  ];
}

/** All rooms, the largest first. */
export function DashboardRooms({ isOnline }: { readonly isOnline: boolean }) {
  const page = usePartPage();
  const { texts, chat } = page;
  const ask = useCallback(
    async (asked: Asked) => {
      const { rooms, total } = await chat.request("all-rooms", asked);
      return { rows: rooms, total, words: texts.roomsCount(total) };
    },
    [chat, texts],
  );
  const columns = useCallback((again: () => void) => roomColumns(page, again), [page]);
  return (
    <ServerTable
      label={texts.dashboardRooms}
      ask={ask}
      columnsOf={columns}
      keyOf={({ room }) => room}
      order={{ by: "bytes", down: true }}
      isOnline={isOnline}
    />
  );
}

function erase(page: PartPage, { name = "", bytes, seqs }: FileEntry, again: () => void): void {
  const { texts, chat } = page;
  confirm(page, {
    title: texts.eraseFileAsk(cleanText(name), formatSize(bytes)),
    text: texts.eraseFileExplained,
    action: texts.erase,
    isDanger: true,
    onConfirm: async () => {
      // Erasing the last record of a file deletes its content.
      for (const seq of seqs) await chat.request("erase", { seq });
      again();
    },
  });
}

function fileColumns(page: PartPage, again: () => void): readonly Column<FileEntry>[] {
  const { texts, times } = page;
  return [
    {
      id: "name",
      name: texts.file,
      isHead: true,
      by: ({ name }) => name ?? "",
      cell: ({ name }) => (
        <span className="cut-cell" dir="auto">
          {name === undefined ? texts.filePrivate : cleanText(name)}
        </span>
      ),
    },
    {
      id: "bytes",
      name: texts.fileSize,
      cell: ({ bytes }) => formatSize(bytes),
      by: ({ bytes }) => bytes,
    },
    {
      id: "user",
      name: texts.name,
      cell: ({ user }) => <span dir="auto">{cleanText(user)}</span>,
      by: ({ user }) => user,
    },
    {
      id: "time",
      name: texts.chartTime,
      cell: ({ time }) => times.full(time),
      by: ({ time }) => time,
    },
    {
      id: "rooms",
      name: texts.room,
      cell: ({ rooms }) => (
        <span dir="auto">{rooms.map((room) => `#${cleanText(room)}`).join(", ")}</span>
      ),
    },
    {
      id: "more",
      name: texts.actions,
      cell: (file) =>
        file.seqs.length === 0 ? null : (
          <Button
            look="small"
            aria-label={texts.eraseOf(cleanText(file.name ?? ""))}
            onClick={() => erase(page, file, again)}
          >
            {texts.erase}
          </Button>
        ),
    },
  ];
}

/** All files, the largest first. */
export function DashboardFiles({ isOnline }: { readonly isOnline: boolean }) {
  const page = usePartPage();
  const { texts, chat } = page;
  const ask = useCallback(
    async (asked: Asked) => {
      const { files, total, bytes } = await chat.request("all-files", asked);
      return { rows: files, total, words: texts.filesCount(total, formatSize(bytes)) };
    },
    [chat, texts],
  );
  const columns = useCallback((again: () => void) => fileColumns(page, again), [page]);
  return (
    <ServerTable
      label={texts.dashboardFiles}
      ask={ask}
      columnsOf={columns}
      keyOf={({ file }) => file}
      order={{ by: "bytes", down: true }}
      isOnline={isOnline}
    />
  );
}
