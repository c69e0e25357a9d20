/** Renderer for users' texts: formatting, mentions, links, code, tables and formulas. */

import { Fragment, memo, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { isGroupMention } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { type Block, parseMarkup, type Table } from "../../../core/markup/blocks.ts";
import { isEmojiOnly } from "../../../core/markup/emoji-only.ts";
import { type Inline, parseInline } from "../../../core/markup/inline.ts";
import { mathSource, splitStruck } from "../../../core/markup/plain.ts";
import { isMessage, isSameName } from "../../../core/model/item.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import type { Item } from "../../../core/model/state.ts";
import { ifPossible } from "../../../io/promises.ts";
import { EMPTY_DRAFT } from "../../../ui/text/draft.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import { linkedRoom } from "../../input/room-link.ts";
import { formatRoute, linkedMessages, linkedRoute, type PageRoute } from "../../input/route.ts";
import { emojiModule } from "../emoji/loader.ts";
import { copy } from "../shell/clipboard.ts";
import { type PageValue, useModelValue, useOnline, usePage } from "../shell/context.tsx";
import { whenSettled } from "../shell/effects.ts";
import { useIsErased } from "../shell/erased.ts";
import { IconButton } from "../shell/icons.tsx";
import { LazyModule, useModule } from "../shell/lazy.ts";
import { MenuButton, type MenuItem } from "../shell/menu.tsx";
import { Formula, formulaModule } from "../text/formula.tsx";
import { RoomDoorCard } from "./door-card.tsx";
import { personContext, personItems } from "./members.tsx";
import { AmbiguousContext, PeopleContext, useNames, useShownName, useTitle } from "./person.tsx";
import { PersonCard } from "./person-card.tsx";

function insertName({ chat }: PageValue, name: string): void {
  const { open, drafts } = chat.model;
  if (open === undefined) return;
  const draft = drafts.get(open) ?? EMPTY_DRAFT;
  const gap = /\S$/.test(draft.text) ? " " : "";
  chat.actions.setDraft(open, { ...draft, text: `${draft.text}${gap}@${name} ` });
  document.querySelector<HTMLElement>(".composer textarea")?.focus();
}

function mentionItems(page: PageValue, name: string): readonly MenuItem[] {
  const person = personContext(page.chat.model, name);
  const [write, ...more] = personItems(page, person);
  const mention: MenuItem = {
    label: page.texts.mention(person.name),
    onChoose: () => insertName(page, person.name),
  };
  return [...(write === undefined ? [] : [write]), mention, ...more];
}

function Mention({ name, children: typed }: { readonly name: string; readonly children: string }) {
  const page = usePage();
  const isMember = useContext(PeopleContext).has(name.toLowerCase());
  const isAmbiguous = useContext(AmbiguousContext)(name);
  const shown = useShownName(name);
  const { me } = page.chat.model;
  const isMe = isSameName(name, me);
  const isShown = (isMember || isMe) && !isAmbiguous && shown !== cleanText(name);
  const children = isShown ? `@${shown}` : typed;
  if (isMe) return <span className="mention mention-me">{children}</span>;
  if (isGroupMention(name)) return <span className="mention">{children}</span>;
  // The server knows whether anyone else has this name, and the card asks it.
  if (!isMember) {
    return (
      <button
        type="button"
        className="mention"
        title={page.texts.showProfile(name)}
        onClick={() => page.openDialog(PersonCard, { user: name })}
      >
        {children}
      </button>
    );
  }
  return (
    <MenuButton
      className="mention"
      label={page.texts.actionsFor(name)}
      items={() => mentionItems(page, name)}
    >
      {children}
    </MenuButton>
  );
}

function Link({ text, href, host }: Extract<Inline, { readonly kind: "link" }>) {
  const { chat, texts } = usePage();
  const route = linkedRoute(href, location, chat.model.server?.fingerprint ?? "");
  if (route !== undefined) {
    const target = targetTitle(chat.model, route.target);
    const label = route.seq === undefined ? target : texts.messageIn(target);
    return <a href={formatRoute(route)}>{/^https?:/i.test(text) ? label : text}</a>;
  }
  return (
    <>
      <a href={href} target="_blank" rel="noopener noreferrer">
        {text}
      </a>
      {host && <bdi className="mark"> ({host})</bdi>}
    </>
  );
}

const highlighter = new LazyModule(() => import("../../../ui/text/highlight.ts"));

function Emoji({ text, name }: { readonly text: string; readonly name: string }) {
  const sign = useModule(emojiModule)?.emojiOf(name);
  if (sign === undefined) return text;
  return (
    <span role="img" aria-label={name.replaceAll("_", " ")} title={text}>
      {sign}
    </span>
  );
}

/** Loads the code that draws the text in advance, because printing does not wait for it. */
export function preloadFor(text: string): void {
  const needs = [
    /\$\S/.test(text) && formulaModule.loaded === undefined ? [formulaModule] : [],
    EMOJI_NAME.test(text) && emojiModule.loaded === undefined ? [emojiModule] : [],
  ];
  for (const module of needs.flat()) void ifPossible<unknown>(module.fetch());
}

const TAGS = { bold: "strong", italic: "em", strike: "s" } as const;

function InlineView({ part: inline }: { readonly part: Inline }): ReactNode {
  switch (inline.kind) {
    case "text":
      return inline.text;
    case "code":
      return <code dir="auto">{inline.text}</code>;
    case "math":
      return (
        <Formula text={inline.text} isDisplay={inline.isDisplay} source={mathSource(inline)} />
      );
    case "emoji":
      return <Emoji {...inline} />;
    case "mention":
      return (
        <span translate="no" dir="auto">
          <Mention name={inline.name}>{inline.text}</Mention>
        </span>
      );
    case "room":
      return (
        <a href={formatRoute({ target: inline.room, seq: undefined })} translate="no">
          {inline.text}
        </a>
      );
    case "link":
      return <Link {...inline} />;
    default: {
      const Tag = TAGS[inline.kind];
      return <Tag>{renderInline(inline.parts)}</Tag>;
    }
  }
}

const renderInline = (inlines: readonly Inline[]) =>
  inlines.map((inline, i) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: inlines have no other key and never move
    inline.kind === "text" ? inline.text : <InlineView key={i} part={inline} />,
  );

function Code({ language, text }: { readonly language: string; readonly text: string }) {
  const page = usePage();
  const { texts } = page;
  const module = useModule(highlighter, language !== "");
  const parts = useMemo(() => module?.highlight(language, text), [module, language, text]);
  return (
    <div className="code" data-language={language} dir="ltr">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll the code */}
      {/* biome-ignore lint/a11y/useSemanticElements: not a form */}
      <pre tabIndex={0} role="group" aria-label={language || texts.code}>
        {parts?.map(({ text: part, role }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts never move
          <span key={i} className={role && `code-${role}`}>
            {part}
          </span>
        )) ?? text}
      </pre>
      <IconButton icon="copy" label={texts.copyCode} onPress={() => copy(page, text)} />
    </div>
  );
}

function TableView({ rows, aligns }: Table) {
  const { texts } = usePage();
  const [header = [], ...body] = rows;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll the table
    // biome-ignore lint/a11y/useSemanticElements: not a form
    <div className="table" tabIndex={0} role="group" aria-label={texts.table}>
      <table>
        <thead>
          <tr>
            {header.map((cell, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: cells never move
              <th key={i} scope="col" dir="auto" className={`is-${aligns[i]}`}>
                {renderInline(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows never move
            <tr key={at}>
              {row.map((cell, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells never move
                <td key={i} dir="auto" className={`is-${aligns[i]}`}>
                  {renderInline(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function BlockView({ block }: { readonly block: Block }) {
  switch (block.kind) {
    case "lines":
      return <p dir="auto">{renderInline(block.parts)}</p>;
    case "code":
      return <Code {...block} />;
    case "heading":
      return (
        // biome-ignore lint/a11y/useSemanticElements: below the headings of the page
        <p className={`heading is-${block.level}`} role="heading" aria-level={2} dir="auto">
          {renderInline(block.parts)}
        </p>
      );
    case "table":
      return <TableView {...block} />;
    case "quote":
      return <blockquote dir="auto">{renderBlocks(block.blocks)}</blockquote>;
    default:
      return (
        <ul dir="auto">
          {block.items.map(({ mark, blocks }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: blocks never move
            <li key={i} data-mark={mark}>
              <div>{renderBlocks(blocks)}</div>
            </li>
          ))}
        </ul>
      );
  }
}

const renderBlocks = (blocks: readonly Block[]): ReactNode =>
  blocks.length === 1 && blocks[0]?.kind === "lines"
    ? renderInline(blocks[0].parts)
    : // biome-ignore lint/suspicious/noArrayIndexKey: blocks never move
      blocks.map((block, i) => <BlockView key={i} block={block} />);

const QUOTE_LENGTH = 160;

/** Author and beginning of a linked message, if this user can read it. */
function LinkQuote({ route }: { readonly route: PageRoute }) {
  const { chat, texts, times } = usePage();
  const { target, seq = 0 } = route;
  const room = useModelValue((model) => roomOf(model, target)?.id);
  const [item, setItem] = useState<Item>();
  const names = useNames();
  const title = useTitle(target);
  const isOnline = useOnline();
  const isErased = useIsErased(seq);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again over a new link
  useEffect(
    () => room && whenSettled(chat.actions.savedItem(room, seq), setItem),
    [chat, room, seq, isOnline, isErased],
  );
  if (item === undefined) return null;
  const author = isMessage(item) ? [authorText(item, texts, names)] : [];
  const about = [...author, title, times.full(item.timeUnixMs)];
  return (
    <a className="quote" href={formatRoute(route)} dir="auto" translate="no">
      <span className="quote-name">{about.join(" · ")}</span>{" "}
      <PlainLine text={briefText(item, texts, times, QUOTE_LENGTH)} />
    </a>
  );
}

export interface RichTextProps {
  readonly text: string;
  readonly mentions: readonly string[];
  readonly children?: ReactNode;
}

/** Renders sanitised text, never HTML. Only web addresses and rooms become links. */
export const RichText = memo(function Text({ text, mentions, children }: RichTextProps) {
  const blocks = useMemo(
    () => parseMarkup(text, new Set(mentions.map((name) => name.toLowerCase()))),
    [text, mentions],
  );
  const { chat } = usePage();
  const { fingerprint = "" } = chat.model.server ?? {};
  const quotes = useMemo(() => linkedMessages(text, location, fingerprint), [text, fingerprint]);
  const door = useMemo(() => linkedRoom(text, location, fingerprint), [text, fingerprint]);
  const isLarge = useMemo(() => isEmojiOnly(text), [text]);
  // A browser that translates replaces the text nodes, so that only a new element shows an edit.
  return (
    <div key={text} className={isLarge ? "words is-emoji" : "words"} dir="auto" translate="yes">
      {renderBlocks(blocks)}
      {children}
      {quotes.map((route) => (
        <LinkQuote key={formatRoute(route)} route={route} />
      ))}
      {door === undefined ? null : <RoomDoorCard target={door} />}
    </div>
  );
});

const NO_NAMES: ReadonlySet<string> = new Set();

export const RichLine = memo(function Line({ text }: { readonly text: string }) {
  return (
    <div className="words" dir="auto">
      {renderInline(parseInline(cleanText(text, { tabs: true }), NO_NAMES))}
    </div>
  );
});

const EMOJI_NAME = /((?<![A-Za-z0-9]):[a-z0-9_+-]{1,40}:(?![A-Za-z0-9]))/;

export function PlainLine({ text }: { readonly text: string }) {
  return splitStruck(text).map((piece, i) => {
    const Tag = i % 2 === 0 ? Fragment : "s";
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces have no other key
      <Tag key={i}>
        <EmojiLine text={piece} />
      </Tag>
    );
  });
}

function EmojiLine({ text }: { readonly text: string }) {
  return text.split(EMOJI_NAME).map((piece, i) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces have no other key
    return i % 2 === 0 ? piece : <Emoji key={i} text={piece} name={piece.slice(1, -1)} />;
  });
}
