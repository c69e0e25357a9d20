/** The panel beside an open room, in three tabs: its people, files and pinned messages. */

import { type KeyboardEvent, useEffect, useMemo, useRef } from "react";
import { boxNames } from "../../../base/names.ts";
import { formatDuration } from "../../../base/sizes.ts";
import { isSameName } from "../../../core/model/item.ts";
import { filesOfItems, isBoxOf } from "../../../core/model/selectors.ts";
import type { RoomState, SearchView } from "../../../core/model/state.ts";
import { rove } from "../../input/keys.ts";
import { PinList } from "../attention/pins.tsx";
import { FileRow, isPictured, PictureTile } from "../files/files.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import { FaultLine, useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { IconButton } from "../shell/icons.tsx";
import { PeopleList } from "./members.tsx";

export const PANEL_TABS = ["people", "files", "pins"] as const;
export type PanelTab = (typeof PANEL_TABS)[number];

export function isPanelTab(side: string | undefined): side is PanelTab {
  return PANEL_TABS.some((tab) => tab === side);
}

interface RoomPanelProps {
  readonly room: RoomState;
  readonly me: string;
  readonly tab: PanelTab;
  readonly onTab: (tab: PanelTab) => void;
  readonly onClose: () => void;
}

export function RoomPanel({ room, me, tab, onTab, onClose }: RoomPanelProps) {
  const { texts } = usePage();
  const tabs = room.kind === "room" ? PANEL_TABS : PANEL_TABS.slice(1);
  const names = { people: texts.people, files: texts.dashboardFiles, pins: texts.pinsTab };
  const move = (event: KeyboardEvent) => {
    const sideways = { ArrowRight: "ArrowDown", ArrowLeft: "ArrowUp" }[event.key];
    const next = tabs[rove(sideways ?? event.key, tabs.indexOf(tab), tabs.length) ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    onTab(next);
    document.getElementById(`panel-tab-${next}`)?.focus();
  };
  return (
    <>
      <div className="panel-head">
        <div className="segmented" role="tablist" aria-label={texts.roomPanel}>
          {tabs.map((one) => (
            <button
              key={one}
              id={`panel-tab-${one}`}
              type="button"
              role="tab"
              aria-selected={one === tab}
              aria-controls="room-panel"
              tabIndex={one === tab ? 0 : -1}
              onClick={() => onTab(one)}
              onKeyDown={move}
            >
              {names[one]}
            </button>
          ))}
        </div>
        <IconButton icon="close" label={texts.closePeople} onPress={onClose} />
      </div>
      <div id="room-panel" role="tabpanel" aria-labelledby={`panel-tab-${tab}`}>
        {tab === "people" ? (
          <>
            {isBoxOf(room.target) ? <HandedFiles room={room} /> : null}
            <PeopleList room={room} me={me} />
          </>
        ) : tab === "files" ? (
          <RoomFiles key={room.id} room={room} />
        ) : (
          <div className="panel-pins">
            <PinList room={room} />
          </div>
        )}
      </div>
    </>
  );
}

/** Files that the owner of a box has handed in, oldest first. */
function HandedFiles({ room }: { readonly room: RoomState }) {
  const { texts } = usePage();
  const owner = boxNames(room.target)?.user;
  const files = filesOfItems(room.tail.items.filter(({ from }) => isSameName(from, owner)));
  if (files.length === 0) return null;
  return (
    <section className="panel-files" aria-label={texts.handedInMenu}>
      <h2>{texts.handedInMenu}</h2>
      <ul>
        {files.map(({ item, file }) => (
          <li key={`${item.seq} ${file.file}`}>
            <FileRow item={item} file={file} target={room.target} isOwn />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Newest files first: pictures and films as a grid, others as a list. */
function RoomFiles({ room: { target, keepMs } }: { readonly room: RoomState }) {
  const { texts, chat } = usePage();
  const query = useMemo(() => ({ input: "", text: "", target, files: true }), [target]);
  const latest = useModelValue((model) => model.search);
  const isOnline = useOnline();
  // The finder may replace it, after which the files stay as they are.
  const known = useRef<SearchView>(undefined);
  if (latest?.query === query) known.current = latest;
  const search = known.current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again after a lost connection
  useEffect(() => {
    chat.actions.search(query);
    return () => {
      if (chat.model.search?.query === query) chat.actions.search(undefined);
    };
  }, [chat, query, isOnline]);
  const more = () => {
    if (latest?.query === query) chat.actions.searchMore();
    else chat.actions.search(query);
  };
  const files = filesOfItems((search?.found ?? []).map(({ item }) => item));
  const pictured = files.filter(({ file }) => isPictured(file));
  const others = files.filter(({ file }) => !isPictured(file));
  const none =
    keepMs === undefined
      ? texts.noFilesHere
      : texts.noFilesKept(texts.span(formatDuration(keepMs)));
  const isEmpty = search?.isLoading === false && search.fault === undefined && files.length === 0;
  return (
    <>
      {pictured.length === 0 ? null : (
        <section className="panel-files" aria-label={texts.photosAndFilms}>
          <h2>{texts.photosAndFilms}</h2>
          <div className="photo-grid">
            {pictured.map(({ item, file }) => (
              <PictureTile
                key={`${item.seq} ${file.file}`}
                item={item}
                file={file}
                target={target}
              />
            ))}
          </div>
        </section>
      )}
      {others.length === 0 ? null : (
        <section className="panel-files" aria-label={texts.dashboardFiles}>
          <h2>{texts.dashboardFiles}</h2>
          <ul>
            {others.map(({ item, file }) => (
              <li key={`${item.seq} ${file.file}`}>
                <FileRow item={item} file={file} target={target} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Announced kind="result" className="list-note people-search">
        {isEmpty ? none : ""}
      </Announced>
      <FaultLine fault={isOnline ? search?.fault : texts.searchOffline} />
      {search?.hasMore === true ? (
        <Button variant="wide" disabled={search.isLoading} onClick={more}>
          {texts.moreResults}
        </Button>
      ) : null}
    </>
  );
}
