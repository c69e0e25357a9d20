/** The dashboard: the operators' view of the server, in tabs. */

import { useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { rove } from "../../input/keys.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import {
  type CloseProps,
  useModelValue,
  useNarrow,
  useOnline,
  usePage,
} from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { Icon, IconButton, type IconName } from "../shell/icons.tsx";
import "../shell/room-icons.ts";
import { usePolled } from "../shell/polling.ts";
import { ServerTile } from "../shell/server-tile.tsx";
import { useStyleSheet } from "../shell/style-sheet.ts";
import { DashboardAccounts } from "./accounts.tsx";
import adminSheet from "./admin.css" with { type: "file" };
import { DashboardBans } from "./bans.tsx";
import { DashboardClients, DashboardTransfers } from "./clients.tsx";
import { DashboardInvites } from "./invites.tsx";
import { DashboardLog } from "./log.tsx";
import { DashboardFiles, DashboardRooms } from "./rooms.tsx";
import { DashboardServer } from "./server.tsx";

const OTHERS = {
  accounts: DashboardAccounts,
  rooms: DashboardRooms,
  files: DashboardFiles,
  clients: DashboardClients,
  transfers: DashboardTransfers,
  invites: DashboardInvites,
  bans: DashboardBans,
} as const;
const OTHER_VIEWS = Object.keys(OTHERS) as (keyof typeof OTHERS)[];
const VIEWS = { server: DashboardServer, ...OTHERS } as const;
type Tab = "log" | keyof typeof VIEWS;
const TABS: readonly Tab[] = [...OTHER_VIEWS, "server", "log"];

const ICONS: Readonly<Record<Tab, IconName>> = {
  accounts: "people",
  rooms: "hash",
  files: "folder",
  clients: "laptop",
  transfers: "transfer",
  invites: "ticket",
  bans: "ban",
  server: "health",
  log: "list",
};

export function Dashboard({ onClose }: CloseProps) {
  useStyleSheet(adminSheet);
  const { texts } = usePage();
  const isNarrow = useNarrow();
  const server = useModelValue((model) => model.server?.name) ?? "";
  const [tab, setTab] = useState<Tab>("accounts");
  const names: Readonly<Record<Tab, string>> = {
    log: texts.tabLog,
    accounts: texts.people,
    rooms: texts.rooms,
    files: texts.dashboardFiles,
    clients: texts.dashboardClients,
    transfers: texts.transfers,
    server: texts.tabHealth,
    bans: texts.dashboardBans,
    invites: texts.dashboardInvites,
  };
  const move = (key: string) => {
    const sideways: Readonly<Record<string, string>> = {
      ArrowRight: "ArrowDown",
      ArrowLeft: "ArrowUp",
    };
    const next = TABS[rove(sideways[key] ?? key, TABS.indexOf(tab), TABS.length) ?? -1];
    if (next === undefined) return;
    setTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  const View = tab === "log" ? undefined : VIEWS[tab];
  return (
    <main className="main dashboard" id="messages" tabIndex={-1}>
      <div className="board">
        <header className="room-head">
          {isNarrow ? (
            <IconButton icon="back" label={texts.dashboardBack} onPress={onClose} />
          ) : (
            <ServerTile name={server} />
          )}
          <div className="room-title">
            <h1>{texts.dashboard}</h1>
            <div className="topic" dir="auto">
              {cleanText(server)}
            </div>
          </div>
          {isNarrow ? null : (
            <IconButton icon="close" label={texts.dashboardBack} onPress={onClose} />
          )}
        </header>
        <div className="tabs" role="tablist" aria-label={texts.dashboard}>
          {TABS.map((option) => (
            <button
              key={option}
              type="button"
              role="tab"
              id={`tab-${option}`}
              className="tab"
              aria-selected={option === tab}
              aria-controls="dashboard-panel"
              tabIndex={option === tab ? 0 : -1}
              onClick={() => setTab(option)}
              onKeyDown={(event) => move(event.key)}
            >
              <Icon name={ICONS[option]} />
              {names[option]}
            </button>
          ))}
        </div>
      </div>
      <div className="sheet">
        <ClockNotice />
        <div
          className="dashboard-panel"
          id="dashboard-panel"
          role="tabpanel"
          aria-labelledby={`tab-${tab}`}
          tabIndex={-1}
        >
          <DashboardLog isHidden={tab !== "log"} />
          {View && <View />}
        </div>
      </div>
    </main>
  );
}

function ClockNotice() {
  const page = usePage();
  const { texts, times, chat } = page;
  const { value, reload } = usePolled(() => chat.request("clock", {}), useOnline());
  if (value === undefined || value.plausible) return null;
  const [now, newest] = [times.full(value.now), times.full(value.newest)];
  const text = value.now > value.newest ? texts.clockAhead : texts.clockBehind;
  const accept = () =>
    confirm(page, {
      title: texts.clockAcceptAsk,
      text: texts.clockAcceptExplained(now),
      action: texts.clockAccept,
      onConfirm: () => chat.request("clock", { accept: true }).then(reload),
    });
  return (
    <div className="banner banner-warning">
      <Announced kind="notice" as="span">
        {text(now, newest)}
      </Announced>
      <Button onClick={accept}>{texts.clockAccept}</Button>
    </div>
  );
}
