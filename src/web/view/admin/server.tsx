/** Dashboard tab: the server's state, charts, announcement and settings. */

import { type ComponentType, useEffect, useRef, useState } from "react";
import { ANNOUNCEMENT_BYTES_MAX } from "../../../base/limits-page.ts";
import { formatDuration, formatRate, formatSize } from "../../../base/sizes.ts";
import { cleanText } from "../../../base/text.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { serverRuleFacts } from "../../../ui/text/rules-text.ts";
import { ROOM_CREATORS, WHO_ON_SERVER } from "../../../wire/field.ts";
import type { Answer, ServerRules } from "../../../wire/messages.ts";
import { withFetchFault } from "../../browser/parts.ts";
import { FactList } from "../room/rules.tsx";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import {
  type CloseProps,
  FaultLine,
  useModelValue,
  useOnline,
  usePage,
} from "../shell/context.tsx";
import { confirm, FormDialog } from "../shell/dialog.tsx";
import { whenSettled } from "../shell/effects.ts";
import { SelectField } from "../shell/form.tsx";
import { Icon } from "../shell/icons.tsx";
import { usePolled } from "../shell/polling.ts";
import type { ChartsProps } from "./charts.tsx";
import { fetchSamples, type SampleColumns } from "./sample-log.ts";

const UTF8_BYTES_MAX = 4;

interface Fact {
  readonly name: string;
  readonly text: string;
  readonly isWarning?: boolean;
}

function latestValue(
  samples: SampleColumns | undefined,
  name: "posts" | "receivedBytes" | "sentBytes",
) {
  return samples?.[name].at(-1);
}

function serverFact(
  {
    server,
    links,
    lanes,
    memoryBytes,
    diskFreeBytes,
  }: NonNullable<Answer<"stats">["servers"]>[number],
  texts: Texts,
): Fact {
  const free = diskFreeBytes === undefined ? "–" : formatSize(diskFreeBytes);
  const text = texts.machineState(links - lanes, formatSize(memoryBytes), free);
  return { name: texts.machine(cleanText(server)), text };
}

function facts(
  stats: Answer<"stats">,
  samples: SampleColumns | undefined,
  texts: Texts,
): readonly Fact[] {
  const log = ({ records, bytes }: { records: number; bytes?: number | undefined }) =>
    texts.records(records, bytes === undefined ? "" : formatSize(bytes));
  const rate = (total: string, current: string | undefined) =>
    current === undefined ? total : `${total} · ${current}`;
  const byteRate = (name: "receivedBytes" | "sentBytes") => {
    const value = latestValue(samples, name);
    return value === undefined ? undefined : formatRate(value);
  };
  const { diskFreeBytes: free, keepFreeBytes: keep } = stats;
  const disk =
    free === undefined
      ? "–"
      : keep === undefined
        ? formatSize(free)
        : texts.diskKeeps(formatSize(free), formatSize(keep));
  const posts = latestValue(samples, "posts");
  return [
    {
      name: texts.version,
      text: cleanText(`${stats.version} · ${stats.runtime} · ${stats.platform}`),
    },
    { name: texts.uptime, text: texts.span(formatDuration(Date.now() - stats.since)) },
    {
      name: texts.onlineNow,
      text: texts.peopleOnline(stats.online, stats.users, stats.links - stats.lanes, stats.lanes),
    },
    {
      name: texts.messages,
      text: rate(
        texts.messagesSince(stats.posts, stats.rooms),
        posts === undefined ? undefined : `${posts}/s`,
      ),
    },
    {
      name: texts.memory,
      text: `${formatSize(stats.memoryBytes)} (heap ${formatSize(stats.heapBytes)})`,
    },
    { name: texts.diskFree, text: disk, isWarning: stats.diskLow === true },
    { name: texts.historySize, text: log(stats.history) },
    { name: texts.dashboardAccounts, text: log(stats.accounts) },
    {
      name: texts.dashboardFiles,
      text: texts.filesCount(stats.files.files, formatSize(stats.files.bytes)),
    },
    { name: texts.sent, text: rate(formatSize(stats.sentBytes), byteRate("sentBytes")) },
    {
      name: texts.received,
      text: rate(formatSize(stats.receivedBytes), byteRate("receivedBytes")),
    },
    { name: texts.queued, text: formatSize(stats.queuedBytes) },
    ...(stats.servers ?? []).map((server) => serverFact(server, texts)),
  ];
}

function useSamples(): SampleColumns | undefined {
  const { chat } = usePage();
  const samples = useRef<SampleColumns | undefined>(undefined);
  const load = async () => {
    samples.current = await fetchSamples(samples.current, (after) =>
      chat.request("samples", { after }),
    );
    return samples.current;
  };
  return usePolled(load, useOnline()).value;
}

const chartsModule = withFetchFault(() => import("./charts.tsx"));

type ChartsComponent = ComponentType<ChartsProps>;

interface LazyChartsProps extends Omit<ChartsProps, "samples"> {
  readonly samples: SampleColumns | undefined;
}

function LazyCharts({ samples, ...props }: LazyChartsProps) {
  const { fail } = usePage();
  const [Charts, setCharts] = useState<ChartsComponent | undefined>(undefined);
  useEffect(
    () => whenSettled(chartsModule(), (module) => setCharts(() => module.Charts), fail),
    [fail],
  );
  if (samples === undefined || Charts === undefined) return <div className="charts-loading" />;
  return <Charts samples={samples} {...props} />;
}

/** Whether anything needs an operator, as far as the server reports it. */
function Health({ stats }: { readonly stats: Answer<"stats"> | undefined }) {
  const { texts, chat } = usePage();
  const isOnline = useOnline();
  const { value: clock } = usePolled(() => chat.request("clock", {}), isOnline);
  const hasMajority = useModelValue(({ notices }) => notices.hasMajority);
  if (stats === undefined || !isOnline) return <p className="health" />;
  const troubles = [
    stats.diskLow === true ? texts.healthDisk : undefined,
    clock?.plausible === false ? texts.healthClock : undefined,
    hasMajority === false ? texts.healthMajority : undefined,
  ].filter((text) => text !== undefined);
  const isWell = troubles.length === 0;
  return (
    <p className={isWell ? "health" : "health is-troubled"}>
      <Icon name={isWell ? "well" : "alert"} />
      <strong>{isWell ? texts.healthGood : texts.healthBad}</strong>{" "}
      {isWell ? texts.healthChecked : troubles.join(" ")}
    </p>
  );
}

function Registration() {
  const page = usePage();
  const { texts, chat } = page;
  const { value, fault, reload } = usePolled(() => chat.request("registration", {}));
  const isClosed = value?.closed === true;
  const action = isClosed ? texts.openRegistration : texts.closeRegistration;
  const change = () =>
    confirm(page, {
      title: action,
      text: isClosed ? texts.registrationOpen : texts.registrationClosed,
      action,
      onConfirm: () => chat.request("registration", { closed: !isClosed }).then(reload),
    });
  return (
    <section className="registration">
      <h2>{texts.registration}</h2>
      <Announced kind="result" isInitiallyKnown>
        {value === undefined ? "" : isClosed ? texts.registrationClosed : texts.registrationOpen}
      </Announced>
      <FaultLine fault={fault} />
      <Button disabled={value === undefined} onClick={change}>
        {action}
      </Button>
    </section>
  );
}

function ServerRulesDialog({ onClose }: CloseProps) {
  const { texts, chat } = usePage();
  const [rules, setRules] = useState(chat.model.notices.rules ?? {});
  const change = (rule: ServerRules) => setRules({ ...rules, ...rule });
  const who = WHO_ON_SERVER.map((one) => [one, texts.ruleWho(one)] as const);
  const creators = ROOM_CREATORS.map((one) => [one, texts.ruleWho(one)] as const);
  return (
    <FormDialog
      title={texts.serverRules}
      action={texts.save}
      onClose={onClose}
      onSubmit={() => chat.request("server-rules", rules)}
    >
      <SelectField
        id="server-rule-direct"
        label={texts.serverRuleDirect}
        value={rules.direct ?? "everyone"}
        options={who}
        onChange={(direct) => change({ direct })}
      />
      <SelectField
        id="server-rule-rooms"
        label={texts.serverRuleRooms}
        value={rules.rooms ?? "everyone"}
        options={creators}
        onChange={(rooms) => change({ rooms })}
      />
      <SelectField
        id="server-rule-files"
        label={texts.serverRuleFiles}
        value={rules.files ?? "everyone"}
        options={who}
        onChange={(files) => change({ files })}
      />
    </FormDialog>
  );
}

function ServerRulesSection() {
  const { texts, show } = usePage();
  const rules = useModelValue((model) => model.notices.rules) ?? {};
  return (
    <section className="registration">
      <h2>{texts.serverRules}</h2>
      <FactList facts={serverRuleFacts(rules, texts)} />
      <Button onClick={() => show((close) => <ServerRulesDialog onClose={close} />)}>
        {texts.changeServerRules}
      </Button>
    </section>
  );
}

function AnnounceDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts, chat } = usePage();
  const [text, setText] = useState(chat.model.notices.announcement?.text ?? "");
  return (
    <FormDialog
      title={texts.announce}
      action={texts.announce}
      onClose={onClose}
      onSubmit={() => chat.request("announce", { text: text.trim() })}
    >
      <p>{texts.announceExplained}</p>
      <div className="field">
        <label htmlFor="announce-text">{texts.announceText}</label>
        <input
          id="announce-text"
          value={text}
          maxLength={ANNOUNCEMENT_BYTES_MAX / UTF8_BYTES_MAX}
          autoComplete="off"
          onChange={(event) => setText(event.target.value)}
        />
      </div>
    </FormDialog>
  );
}

function Announce() {
  const page = usePage();
  const { texts, times, chat, show } = page;
  const { announcement } = useModelValue((model) => model.notices);
  const withdraw = () =>
    confirm(page, {
      title: texts.announceEndAsk,
      text: texts.announceEndExplained,
      action: texts.announceEnd,
      onConfirm: () => chat.request("announce", { text: "" }),
    });
  return (
    <section className="registration">
      <h2>{texts.announceHead}</h2>
      <Announced kind="result" isInitiallyKnown>
        {announcement === undefined ? (
          texts.announceNone
        ) : (
          <>
            <q dir="auto">{cleanText(announcement.text)}</q>{" "}
            {texts.announcedBy(cleanText(announcement.by), times.full(announcement.time))}
          </>
        )}
      </Announced>
      <div className="dashboard-bar">
        <Button onClick={() => show((close) => <AnnounceDialog onClose={close} />)}>
          {texts.announce}
        </Button>
        {announcement === undefined ? null : (
          <Button onClick={withdraw}>{texts.announceEnd}</Button>
        )}
      </div>
    </section>
  );
}

export function DashboardServer() {
  const { texts, chat } = usePage();
  const { value, fault } = usePolled(() => chat.request("stats", {}), useOnline());
  const samples = useSamples();
  return (
    <>
      <FaultLine fault={fault} />
      <LazyCharts samples={samples} state={<Health stats={value} />}>
        <Announce />
      </LazyCharts>
      <dl className="facts">
        {(value === undefined ? [] : facts(value, samples, texts)).map(
          ({ name, text, isWarning }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{isWarning === true ? <span className="fact-warning">{text}</span> : text}</dd>
            </div>
          ),
        )}
      </dl>
      <div className="server-rules">
        <Registration />
        <ServerRulesSection />
      </div>
    </>
  );
}
