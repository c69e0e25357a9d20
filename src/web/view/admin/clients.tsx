/** Dashboard tabs: connected clients and running transfers. */

import { useRef } from "react";
import { formatDuration, formatRate, formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import type { Answer } from "../../../wire/messages.ts";
import { FaultLine, type PageValue, useOnline, usePage } from "../shell/context.tsx";
import { ConfirmButton } from "../shell/dialog.tsx";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { usePolled } from "../shell/polling.ts";
import { BanDialog } from "./bans.tsx";
import { moderateItems, signOut } from "./moderation.tsx";
import { type Column, field, LocalTable, Marked, UserText } from "./table.tsx";

type Client = Answer<"clients">["clients"][number];

const PAGES_MAX = 10;

async function allClients({ chat }: PageValue): Promise<readonly Client[]> {
  const all: Client[] = [];
  for (let page = 0; page < PAGES_MAX; page++) {
    const { clients, more } = await chat.request("clients", { after: all.at(-1)?.client });
    all.push(...clients);
    if (!more) break;
  }
  return all;
}

/** Removes the port, because a ban applies to all ports of an address. */
function hostWithoutPort(address: string): string {
  return address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

function clientItems(page: PageValue, { user, address }: Client): MenuItem[] {
  const { texts, show, chat } = page;
  const ban = (target: string) => () =>
    show((close) => <BanDialog target={target} onClose={close} onDone={() => undefined} />);
  const host = hostWithoutPort(address);
  return [
    ...(user === undefined || user === chat.model.me
      ? []
      : [{ label: texts.signOutAll, onChoose: () => signOut(page, user) }]),
    ...(user === undefined ? [] : moderateItems(page, user)),
    ...(user === undefined ? [] : [{ label: texts.banName, isDanger: true, onChoose: ban(user) }]),
    { label: texts.banAddress, isDanger: true, onChoose: ban(host) },
  ];
}

interface ClientWithRates extends Client {
  readonly sentPerS: number | undefined;
  readonly receivedPerS: number | undefined;
}

function useRates() {
  const before = useRef<{ atMs: number; clients: ReadonlyMap<number, Client> } | undefined>(
    undefined,
  );
  return (clients: readonly Client[]): readonly ClientWithRates[] => {
    const atMs = performance.now();
    const { atMs: previousMs = atMs, clients: previousClients } = before.current ?? {};
    const seconds = (atMs - previousMs) / 1_000;
    before.current = { atMs, clients: new Map(clients.map((client) => [client.client, client])) };
    return clients.map((client) => {
      const previous = previousClients?.get(client.client);
      const rate = (current: number, previous: number | undefined) =>
        previous === undefined || seconds <= 0
          ? undefined
          : Math.max(0, current - previous) / seconds;
      return {
        ...client,
        sentPerS: rate(client.sentBytes, previous?.sentBytes),
        receivedPerS: rate(client.receivedBytes, previous?.receivedBytes),
      };
    });
  };
}

function traffic(messages: number, bytes: number, perS: number | undefined): string {
  const rate = perS === undefined || perS < 1 ? "" : ` · ${formatRate(perS)}`;
  return `${messages} · ${formatSize(bytes)}${rate}`;
}

function serverColumn<Row extends { readonly server?: string | undefined }>(
  rows: readonly Row[],
  texts: Texts,
): readonly Column<Row>[] {
  if (rows.every(({ server }) => server === undefined)) return [];
  return [
    field("server", texts.dashboardServer, (server) => cleanText(server ?? texts.thisDevice)),
  ];
}

function clientColumns(
  page: PageValue,
  rows: readonly ClientWithRates[],
): readonly Column<ClientWithRates>[] {
  const { texts } = page;
  const nameOf = ({ user }: Client) => cleanText(user ?? texts.notLoggedIn);
  return [
    {
      ...field("user", texts.name),
      isHead: true,
      cell: (client) => (
        <Marked
          name={nameOf(client)}
          marks={[client.operator && texts.operator, client.lane && texts.fileChannel]}
        />
      ),
    },
    {
      id: "more",
      name: texts.more,
      cell: (client) => (
        <MenuButton
          label={texts.actionsFor(nameOf(client))}
          items={() => clientItems(page, client)}
        />
      ),
    },
    field("address", texts.address),
    ...serverColumn(rows, texts),
    field("transport", texts.transport),
    field("roundTripMs", texts.roundTrip, (ms) => (ms === undefined ? "–" : `${ms} ms`)),
    field("acknowledged", texts.acknowledged),
    field("retransmitted", texts.retransmitted, (count) => count ?? "–"),
    field("sentBytes", texts.sent, (bytes, client) =>
      traffic(client.sentMessages, bytes, client.sentPerS),
    ),
    field("receivedBytes", texts.received, (bytes, client) =>
      traffic(client.receivedMessages, bytes, client.receivedPerS),
    ),
    field("queuedBytes", texts.queued, formatSize),
    {
      id: "since",
      name: texts.connectedFor,
      cell: ({ since }) => texts.span(formatDuration(Date.now() - since)),
      sortKey: ({ since }) => -since,
    },
    field("program", texts.program),
  ];
}

export function DashboardClients() {
  const page = usePage();
  const { texts } = page;
  const withRates = useRates();
  const load = async () => withRates(await allClients(page));
  const { value = [], fault } = usePolled(load, useOnline());
  return (
    <>
      <FaultLine fault={fault} />
      <LocalTable
        label={texts.dashboardClients}
        none={texts.foundNothing}
        columns={clientColumns(page, value)}
        rows={value}
        keyOf={({ client }) => client}
        filterText={({ user, address, program, server }) =>
          `${user ?? ""} ${address} ${program} ${server ?? ""}`
        }
      />
    </>
  );
}

type Transfer = Answer<"transfers">["transfers"][number];

function CancelButton({ transfer }: { readonly transfer: Transfer }) {
  const { texts, chat } = usePage();
  const { file, user, direction } = transfer;
  const name = transfer.name === undefined ? texts.privateFile : cleanText(transfer.name);
  const question = {
    title: texts.cancelTransferAsk(name, cleanText(user)),
    text: direction === "up" ? texts.cancelUploadExplained : "",
    action: texts.cancelTransfer,
    isDanger: true,
    onConfirm: () => chat.request("cancel", { file, user, direction }),
  };
  return <ConfirmButton label={texts.cancelTransferOf(name)} question={question} />;
}

function Progress({ transfer }: { readonly transfer: Transfer }) {
  const { texts } = usePage();
  const { doneBytes, sizeBytes } = transfer;
  return (
    <>
      <progress
        aria-label={texts.progress}
        value={sizeBytes === undefined ? undefined : doneBytes}
        max={sizeBytes === undefined ? undefined : Math.max(1, sizeBytes)}
      />{" "}
      {formatSize(doneBytes)}
      {sizeBytes === undefined ? "" : ` / ${formatSize(sizeBytes)}`}
    </>
  );
}

export function DashboardTransfers() {
  const { texts, chat } = usePage();
  const { value, fault } = usePolled(() => chat.request("transfers", {}), useOnline());
  const transfers = value?.transfers ?? [];
  const columns: readonly Column<Transfer>[] = [
    {
      ...field("name", texts.file, (name) => <UserText text={name ?? texts.filePrivate} />),
      isHead: true,
    },
    field("user", texts.name),
    field(
      "direction",
      texts.direction,
      (direction, { web }) => (direction === "up" ? texts.up : texts.down) + (web ? " (HTTP)" : ""),
    ),
    field("doneBytes", texts.progress, (_, transfer) => <Progress transfer={transfer} />),
    field("address", texts.address),
    ...serverColumn(transfers, texts),
    { id: "more", name: texts.actions, cell: (transfer) => <CancelButton transfer={transfer} /> },
  ];
  return (
    <>
      <FaultLine fault={fault} />
      <LocalTable
        label={texts.transfers}
        none={texts.noTransfersHere}
        columns={columns}
        rows={transfers}
        keyOf={({ file, address, since }) => `${file} ${address} ${since}`}
        filterText={({ name, user, address, server }) =>
          `${name} ${user} ${address} ${server ?? ""}`
        }
      />
    </>
  );
}
