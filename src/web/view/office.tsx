import { useState } from "react";
import type { Model } from "../../core/model-state.ts";
import { rove } from "../keys.ts";
import { IconButton } from "./icons.tsx";
import { OfficeBans } from "./office-bans.tsx";
import { OfficeClients, OfficeTransfers } from "./office-clients.tsx";
import { OfficeInvites } from "./office-invites.tsx";
import { OfficeLog } from "./office-log.tsx";
import { OfficeServer } from "./office-server.tsx";
import { usePage } from "./page-context.tsx";

const TABS = ["log", "clients", "transfers", "server", "bans", "invites"] as const;
type Tab = (typeof TABS)[number];

export interface OfficeProps {
  readonly model: Model;
  readonly onClose: () => void;
}

/** The server's window, for operators. */
export function Office({ model, onClose }: OfficeProps) {
  const { texts } = usePage();
  const [tab, setTab] = useState<Tab>("log");
  const names: Readonly<Record<Tab, string>> = {
    log: texts.officeLog,
    clients: texts.officeClients,
    transfers: texts.officeTransfers,
    server: texts.officeServer,
    bans: texts.officeBans,
    invites: texts.officeInvites,
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
  const isOnline = model.connection.kind === "online";
  return (
    <main className="office">
      <header className="room-head">
        <IconButton icon="back" label={texts.officeBack} onPress={onClose} />
        <div className="room-title">
          <h1>{texts.office}</h1>
        </div>
      </header>
      <div className="tabs" role="tablist" aria-label={texts.office}>
        {TABS.map((one) => (
          <button
            key={one}
            type="button"
            role="tab"
            id={`tab-${one}`}
            className="tab"
            aria-selected={one === tab}
            aria-controls="office-panel"
            tabIndex={one === tab ? 0 : -1}
            onClick={() => setTab(one)}
            onKeyDown={(event) => move(event.key)}
          >
            {names[one]}
          </button>
        ))}
      </div>
      <div
        className="office-panel"
        id="office-panel"
        role="tabpanel"
        aria-labelledby={`tab-${tab}`}
        tabIndex={-1}
      >
        <OfficeLog isHidden={tab !== "log"} isOnline={isOnline} />
        {tab === "clients" ? <OfficeClients isOnline={isOnline} /> : null}
        {tab === "transfers" ? <OfficeTransfers isOnline={isOnline} /> : null}
        {tab === "server" ? <OfficeServer isOnline={isOnline} /> : null}
        {tab === "bans" ? <OfficeBans /> : null}
        {tab === "invites" ? <OfficeInvites /> : null}
      </div>
    </main>
  );
}
