/** Dashboard tabs: rooms and files. */

import { ignoreFault } from "../../../base/fault.ts";
import { formatDuration, formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import { LOBBY } from "../../../core/rooms/rooms.ts";
import type { Answer } from "../../../wire/messages.ts";
import { mediaType } from "../../browser/media.ts";
import { Viewer } from "../files/viewer.tsx";
import { Button } from "../shell/button.tsx";
import { type PageValue, usePage } from "../shell/context.tsx";
import { ConfirmButton, confirmItem } from "../shell/dialog.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { RenameDialog } from "../shell/rename-dialog.tsx";
import { type Column, field, type ListRequest, Marked, ServerTable, UserText } from "./table.tsx";

type RoomEntry = Answer<"all-rooms">["rooms"][number];
type FileEntry = Answer<"all-files">["files"][number];

function roomItems(page: PageValue, entry: RoomEntry, reload: () => void): readonly MenuItem[] {
  const { texts, chat, openDialog } = page;
  const { room, closed } = entry;
  const name = `#${cleanText(room)}`;
  const close = confirmItem(page, {
    title: closed ? texts.reopenAsk(name) : texts.closeRoomAsk(name),
    text: closed ? "" : texts.closeRoomExplained,
    action: closed ? texts.reopenRoom : texts.closeRoom,
    isDanger: !closed,
    onConfirm: () => chat.request("close", { room, on: !closed }).then(reload),
  });
  const remove = confirmItem(page, {
    title: texts.removeAsk(name),
    text: texts.removeRoomExplained,
    action: texts.remove,
    isDanger: true,
    onConfirm: () => chat.request("remove", { room }).then(reload),
  });
  const rename = () => openDialog(RenameDialog, { subject: { room }, onDone: reload });
  return [{ label: `${texts.rename}…`, onChoose: rename }, { ...close, isDanger: false }, remove];
}

function roomColumns(page: PageValue, reload: () => void): readonly Column<RoomEntry>[] {
  const { texts } = page;
  return [
    {
      id: "name",
      name: texts.room,
      isHead: true,
      sortKey: ({ room }) => room,
      cell: ({ room, locked, sealed, closed, vacant }) => (
        <Marked
          name={`#${cleanText(room)}`}
          marks={[
            locked && texts.locked,
            sealed && texts.sealed,
            closed && texts.closed,
            vacant && texts.vacant,
          ]}
        />
      ),
    },
    {
      id: "more",
      name: texts.more,
      cell: (entry) =>
        // The lobby cannot be renamed, closed or removed.
        entry.room === LOBBY ? null : (
          <MenuButton
            label={texts.actionsFor(`#${cleanText(entry.room)}`)}
            items={() => roomItems(page, entry, reload)}
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
      name: texts.retentionHead,
      cell: ({ keepMs }) =>
        keepMs === undefined ? texts.forever : texts.span(formatDuration(keepMs)),
    },
    {
      id: "title",
      name: texts.displayName,
      cell: ({ title = "" }) => <UserText text={title} className="cut-cell" />,
    },
    {
      id: "topic",
      name: texts.topic,
      cell: ({ topic }) => <UserText text={topic} className="cut-cell" />,
    },
  ];
}

export function DashboardRooms() {
  const page = usePage();
  const { texts, chat } = page;
  const load = async (request: ListRequest) => {
    const { rooms, total } = await chat.request("all-rooms", request);
    return { rows: rooms, total, summary: texts.roomsCount(total) };
  };
  return (
    <ServerTable
      label={texts.rooms}
      none={texts.foundNothing}
      load={load}
      columnsOf={(reload) => roomColumns(page, reload)}
      keyOf={({ room }) => room}
      order={{ by: "bytes", down: true }}
    />
  );
}

function DeleteFileButton({ file, reload }: { readonly file: FileEntry; reload: () => void }) {
  const page = usePage();
  const { texts, chat } = page;
  const { name = "", bytes, seqs } = file;
  const deleteFile = async () => {
    // Erasing the file in its last message deletes its content.
    for (const seq of seqs) await chat.request("erase", { seq, files: [file.file] });
    reload();
  };
  if (seqs.length === 0) return null;
  return (
    <ConfirmButton
      label={texts.deleteFile(cleanText(name))}
      question={{
        title: texts.deleteFileAsk(cleanText(name), formatSize(bytes)),
        text: texts.deleteFileExplained,
        action: texts.deleteMessage,
        isDanger: true,
        onConfirm: deleteFile,
      }}
    />
  );
}

/** Opens a file of a room that the operator has joined. The server refuses all others. */
function OpenFileButton({ file }: { readonly file: FileEntry }) {
  const { texts, chat, fail, openDialog } = usePage();
  const { name = "" } = file;
  const joined = [...chat.model.rooms.values()].filter(
    (room) => room.kind === "room" && file.rooms.includes(room.name),
  );
  if (joined.length === 0 || mediaType(name) === undefined) return null;
  const view = async () => {
    for (const { id } of joined) {
      for (const seq of file.seqs) {
        const item = await chat.actions.savedItem(id, seq).catch(ignoreFault);
        const listed = item?.files.find((entry) => entry.file === file.file);
        if (listed !== undefined) return openDialog(Viewer, { file: listed, seq });
      }
    }
    fail(texts.messageNotFound);
  };
  return (
    <Button variant="small" aria-label={texts.openFile(cleanText(name))} onClick={view}>
      {texts.open}
    </Button>
  );
}

function fileColumns(page: PageValue, reload: () => void): readonly Column<FileEntry>[] {
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
      cell: (file) => (
        <>
          <OpenFileButton file={file} /> <DeleteFileButton file={file} reload={reload} />
        </>
      ),
    },
  ];
}

export function DashboardFiles() {
  const page = usePage();
  const { texts, chat } = page;
  const load = async (request: ListRequest) => {
    const { files, total, bytes } = await chat.request("all-files", request);
    return { rows: files, total, summary: texts.filesCount(total, formatSize(bytes)) };
  };
  return (
    <ServerTable
      label={texts.dashboardFiles}
      none={texts.noFilesHere}
      load={load}
      columnsOf={(reload) => fileColumns(page, reload)}
      keyOf={({ file }) => file}
      order={{ by: "bytes", down: true }}
    />
  );
}
