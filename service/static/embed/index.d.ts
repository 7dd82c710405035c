// Types of <empelt-search> and of the events it fires. All events bubble and leave the shadow tree.

export type Language = "ca" | "es" | "it" | "en";

/** A search was answered. */
export interface SearchDetail {
  /** What was searched. It stays in this page unless the page passes it on. */
  text: string;
  /** The municipality that practices were compared with, or null. */
  municipality: string | null;
  /** The language the answer is told in. */
  language: Language;
  /** How many practices answer; 0 when none does yet. */
  total: number;
}

/** A reader opens a practice, or the whole search on Empelt. Cancel it to show the practice your own way. */
export interface OpenDetail {
  /** The practice, or null for the whole search. */
  id: string | null;
  title: string;
  url: string;
}

/** The page stands in a sandboxed frame that opens no windows; the address is shown to be copied. */
export interface BlockedDetail {
  url: string;
}

/** A search was not answered; the reader has been told why. */
export interface ErrorDetail {
  /** The HTTP status, or 0 when the service was not asked or did not answer. */
  status: number;
  reason: "empty" | "too-long" | "text" | "municipality" | "busy" | "key" | "refused" | "unreachable";
}

export type EmpeltSearchEvent = CustomEvent<SearchDetail>;
export type EmpeltOpenEvent = CustomEvent<OpenDetail>;
export type EmpeltBlockedEvent = CustomEvent<BlockedDetail>;
export type EmpeltErrorEvent = CustomEvent<ErrorDetail>;

export class EmpeltSearch extends HTMLElement {
  static readonly version: string;
  /** Search the text of the box, or another that is put there first. */
  search(text?: string): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    "empelt-search": EmpeltSearch;
  }
  interface GlobalEventHandlersEventMap {
    "empelt-search": EmpeltSearchEvent;
    "empelt-open": EmpeltOpenEvent;
    "empelt-blocked": EmpeltBlockedEvent;
    "empelt-error": EmpeltErrorEvent;
  }
}
