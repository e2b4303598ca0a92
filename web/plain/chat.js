// @ts-check
/** @file The plain chat page: choose a demo person or come as a visitor, then talk with Farewell. */

/** @typedef {typeof import("../../locales/en/page.json")} Words */
/** @typedef {{email: string, name: string, vendor: string, vendor_name: string, about: string}} Person */
/** @typedef {{title: string, payload: string}} Choice */
/** @typedef {"customer" | "bot" | "agent" | "system"} Sender */
/** @typedef {{id: number, sender: Sender, text: string, buttons?: Choice[] | null, at: string}} Message */
/** @typedef {{token: string, who: string, language: string}} Session */
/** @typedef {{element: HTMLElement, text: string, state: "sending" | "delivered" | "failed"}} Pending */

const SESSION_KEY = "farewell.session";
const MAX_LENGTH = 4000;
const SHOW_LENGTH_FROM = 3600;
const POLL_MS = 2_000;
const SLOWEST_POLL_MS = 16_000;
const READ_TIMEOUT_MS = 10_000;
const SEND_TIMEOUT_MS = 30_000; // longer than the service takes even when the assistant is down

/** The page's own language; a conversation may have another. */
const PAGE_LANGUAGE = document.documentElement.lang;
/** @type {Words} */
let words;
/** @type {Chat | null} */
let chat = null;

// --- Small parts ---------------------------------------------------------------------------

/** A request that did not succeed; `status` is 0 when no answer came. */
class RequestFailed extends Error {
  /** @param {number} status */
  constructor(status, code = "") {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
  }
}

/**
 * Ask the service: a POST when there is a body, else a GET.
 * @param {string} path
 * @param {{token?: string, body?: object, timeout?: number}} [options]
 * @returns {Promise<any>}
 */
async function ask(path, { token, body, timeout = READ_TIMEOUT_MS } = {}) {
  const headers = new Headers({ Accept: "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body) headers.set("Content-Type", "application/json");
  try {
    const answer = await fetch(path, {
      method: body ? "POST" : "GET",
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(timeout),
    });
    if (answer.ok) return await answer.json();
    const problem = await answer.json().catch(() => ({}));
    throw new RequestFailed(answer.status, problem.code);
  } catch (error) {
    throw error instanceof RequestFailed ? error : new RequestFailed(0);
  }
}

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * An element whose content is text only, whatever the text contains.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 */
function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** @param {string} className @param {string} text @param {() => void} onClick */
function makeButton(className, text, onClick) {
  const button = make("button", className, text);
  button.type = "button";
  button.addEventListener("click", onClick);
  return button;
}

/** @param {string} template @param {Record<string, string | number>} values */
const fill = (template, values) =>
  template.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/** The sentence for a failure: its code's, else its status', else a general one. @param {unknown} error */
function sentenceFor(error) {
  /** @type {Record<string, string>} */
  const sentences = words.errors;
  if (!(error instanceof RequestFailed)) return sentences.other;
  if (error.status === 0) return sentences.offline;
  return sentences[error.code] ?? sentences[error.status] ?? sentences.other;
}

/** The time, with the day in front when it is not today. @param {string} iso */
function timeElement(iso) {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const style = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  const element = make("time", "", at.toLocaleString(document.documentElement.lang, style));
  element.dateTime = iso;
  return element;
}

/** Put the words of a language into the elements that name them. @param {string} language */
async function speak(language) {
  words = await ask(`/assets/words/${language}.json`);
  document.documentElement.lang = language;
  /** @param {string | undefined} key @returns {string} */
  const word = (key = "") => key.split(".").reduce((part, name) => part[name], /** @type {any} */ (words));
  for (const element of document.querySelectorAll("[data-word], [data-label], [data-placeholder]")) {
    const { word: text, label, placeholder } = /** @type {HTMLElement} */ (element).dataset;
    if (text) element.textContent = word(text);
    if (label) element.setAttribute("aria-label", word(label));
    if (placeholder) element.setAttribute("placeholder", word(placeholder));
  }
}

// --- The start panel -----------------------------------------------------------------------

/** Show the start panel, with a sentence when something brought the customer back to it. */
async function showStart(sentence = "") {
  byId("chat").hidden = true;
  byId("start").hidden = false;
  if (chat) byId("start").focus();
  chat?.stop();
  chat = null;
  sessionStorage.removeItem(SESSION_KEY);
  if (document.documentElement.lang !== PAGE_LANGUAGE) {
    await speak(PAGE_LANGUAGE).catch(() => {}); // without connection the present words stay
  }
  byId("start-error").textContent = sentence;
  byId("people").replaceChildren(make("p", "", words.start.loading));
  /** @type {Person[]} */
  let people = [];
  try {
    people = await ask("/api/v1/demo/people");
  } catch (error) {
    // Outside demo mode there is no such list: then only visitors start here.
    const refused = error instanceof RequestFailed && [403, 404].includes(error.status);
    if (!refused) byId("start-error").textContent = words.errors.start;
  }
  showPeople(people);
}

/** @param {Person[]} people */
function showPeople(people) {
  const vendors = new Map(people.map((person) => [person.vendor, person.vendor_name]));
  const select = /** @type {HTMLSelectElement} */ (byId("vendor"));
  select.length = 1;
  for (const [vendor, name] of vendors) select.add(new Option(name, vendor));
  byId("vendor-choice").hidden = vendors.size === 0;

  const groups = [...vendors].flatMap(([vendor, name]) => {
    const list = make("ul");
    for (const person of people.filter((one) => one.vendor === vendor)) {
      const button = makeButton("card person", "", () =>
        begin("/api/v1/demo/sign-in", { email: person.email }, person.name, name));
      button.append(make("strong", "", person.name), make("span", "", person.about));
      const item = make("li");
      item.append(button);
      list.append(item);
    }
    return [make("h2", "", name), list];
  });
  byId("people").replaceChildren(...(groups.length ? groups : [make("p", "", words.start.no_people)]));
}

/**
 * Get a token for a new conversation and open it.
 * @param {string} path
 * @param {object} body
 * @param {string} name
 * @param {string} [vendor]
 */
async function begin(path, body, name, vendor) {
  const panel = byId("start");
  if (panel.inert) return;
  panel.inert = true;
  byId("start-error").textContent = "";
  try {
    const { token, language } = await ask(path, { body, timeout: SEND_TIMEOUT_MS });
    if (language !== document.documentElement.lang) await speak(language);
    openChat({ token, language, who: vendor ? fill(words.chat.who, { name, vendor }) : name });
  } catch (error) {
    const answered = error instanceof RequestFailed && error.status in words.errors;
    byId("start-error").textContent = answered ? sentenceFor(error) : words.errors.start;
  } finally {
    panel.inert = false;
  }
}

// --- The chat ------------------------------------------------------------------------------

/** One conversation on the page. A message stays on it only once the service's list has it. */
class Chat {
  open = true;
  lastId = 0;
  failedPolls = 0;
  sending = 0;
  customerSpoke = false; // since the newest bot message
  /** @type {Pending[]} the customer's messages that the list does not have yet, at the log's end */
  pending = [];
  /** @type {Map<string, string>} a button's payload to its title */
  titles = new Map();
  /** @type {Promise<void>} */
  polls = Promise.resolve();
  /** @type {Promise<void>} */
  sends = Promise.resolve();
  log = byId("log");

  /** @param {string} token */
  constructor(token) {
    this.token = token;
    this.log.replaceChildren();
    this.say("");
  }

  /** Poll until the chat is stopped, more slowly while the service does not answer. */
  async run() {
    while (this.open) {
      await this.poll();
      const pause = Math.min(POLL_MS * 2 ** this.failedPolls, SLOWEST_POLL_MS);
      await new Promise((resume) => setTimeout(resume, pause));
    }
  }

  stop() {
    this.open = false;
    byId("typing").textContent = "";
  }

  /** Show a sentence about an error; an empty one clears it. @param {string} sentence */
  say(sentence) {
    byId("chat-error").textContent = sentence;
  }

  /** Fetch what is new, one request at a time. */
  poll() {
    this.polls = this.polls.then(() => this.fetchNew());
    return this.polls;
  }

  async fetchNew() {
    if (!this.open) return;
    const delivered = this.pending.filter((pending) => pending.state === "delivered");
    try {
      const answer = await ask(`/api/v1/conversation/messages?after=${this.lastId}`, { token: this.token });
      if (!this.open) return;
      for (const message of answer.messages) this.receive(message);
      for (const pending of delivered) this.drop(pending);
      if (this.failedPolls > 1) this.say("");
      this.failedPolls = 0;
    } catch (error) {
      if (this.stopsAt(error)) return;
      this.failedPolls += 1;
      if (this.failedPolls > 1) this.say(words.errors.lost);
    }
  }

  /** True when the chat is over, by this error or before it. @param {unknown} error */
  stopsAt(error) {
    if (this.open && error instanceof RequestFailed && error.status === 401) showStart(sentenceFor(error));
    return !this.open;
  }

  /**
   * Send words, or a button's payload under its title. Messages leave one after another.
   * @param {string} text what the customer's bubble shows
   * @param {string} [payload]
   */
  send(text, payload = text) {
    const element = bubble({ sender: "customer", text, at: new Date().toISOString() });
    this.log.append(element);
    /** @type {Pending} */
    const pending = { element, text, state: "sending" };
    this.pending.push(pending);
    this.showTyping(+1);
    byId("scroller").scrollTop = 0; // its end, as the style sheet runs it upwards
    this.sends = this.sends.then(async () => {
      if (!this.open) return;
      try {
        const body = { message: payload };
        await ask("/webhooks/rest/webhook", { token: this.token, body, timeout: SEND_TIMEOUT_MS });
        pending.state = "delivered";
        this.say("");
        await this.poll();
      } catch (error) {
        if (this.stopsAt(error)) return;
        pending.state = "failed";
        this.say(sentenceFor(error));
        const again = makeButton("", words.chat.send_again, () => {
          this.log.focus({ preventScroll: true });
          this.drop(pending);
          this.send(text, payload);
        });
        const note = make("p", "note", `${words.chat.not_sent} `);
        note.append(again);
        element.append(note);
      } finally {
        this.showTyping(-1);
      }
    });
  }

  /** @param {number} change in the number of messages that wait for their answer */
  showTyping(change) {
    this.sending += change;
    if (this.open) byId("typing").textContent = this.sending ? words.chat.typing : "";
  }

  /** @param {Pending} pending */
  drop(pending) {
    if (!this.pending.includes(pending)) return;
    this.pending = this.pending.filter((other) => other !== pending);
    pending.element.remove();
  }

  /** Show a message of the list, once. @param {Message} message */
  receive(message) {
    if (message.id <= this.lastId) return;
    this.lastId = message.id;
    const fromCustomer = message.sender === "customer";
    const text = (fromCustomer && this.titles.get(message.text)) || message.text;
    const element = bubble({ ...message, text });
    const copy = fromCustomer && this.copyOf(text);
    const end = this.pending[0]?.element ?? null;
    if (copy) {
      // The copy has been read out already: it takes the stored content and is not announced again.
      copy.element.replaceChildren(...element.childNodes);
      if (copy.element !== end) this.log.insertBefore(copy.element, end);
      this.pending = this.pending.filter((other) => other !== copy);
    } else {
      this.log.insertBefore(element, end);
    }
    if (fromCustomer) this.customerSpoke = true;
    if (message.sender === "bot") this.offer(element, message.buttons ?? []);
  }

  /** The waiting copy of a stored message, which may be stored in other words. @param {string} text */
  copyOf(text) {
    const plain = (/** @type {string} */ some) => some.replace(/\s+/g, " ").trim();
    return this.pending.find((one) => plain(one.text) === plain(text))
      ?? this.pending.find((one) => one.state === "delivered");
  }

  /**
   * Only the newest question's buttons work. A bot message without buttons in the same turn
   * leaves them working: it adds to the question and does not replace it.
   * @param {HTMLElement} element
   * @param {Choice[]} choices
   */
  offer(element, choices) {
    if (choices.length || this.customerSpoke) disableButtons(this.log, ".choices button");
    this.customerSpoke = false;
    if (!choices.length) return;
    const group = make("div", "choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.chat.choices_label);
    for (const { title, payload } of choices) {
      this.titles.set(payload, title);
      const button = makeButton("", title, () => {
        button.classList.add("chosen");
        this.log.focus({ preventScroll: true }); // the next Tab reaches the newest buttons
        disableButtons(group, "button");
        this.send(title, payload);
      });
      group.append(button);
    }
    element.append(group);
  }
}

/** @param {{sender: Sender, text: string, at: string}} message */
function bubble({ sender, text, at }) {
  const element = make("article", `message ${sender}`);
  const head = make("p", "head", `${words.senders[sender]} `);
  head.append(timeElement(at));
  element.append(head, linked(text));
  return element;
}

/** A paragraph of text in which the address of an export is a link. @param {string} text */
function linked(text) {
  const paragraph = make("p", "text");
  for (const part of text.split(/((?:https?:\/\/\S+)?\/exports\/[\w-]+)/)) {
    if (!/^\S*\/exports\/[\w-]+$/.test(part)) {
      paragraph.append(part);
      continue;
    }
    const link = make("a", "", words.chat.export_link);
    link.href = part;
    link.download = "";
    paragraph.append(link);
  }
  return paragraph;
}

/** @param {HTMLElement} where @param {string} selector */
function disableButtons(where, selector) {
  for (const button of where.querySelectorAll(selector)) /** @type {HTMLButtonElement} */ (button).disabled = true;
}

/** @param {Session} session */
function openChat(session) {
  sessionStorage.setItem(SESSION_KEY, JSON.stringify(session));
  byId("start").hidden = true;
  byId("chat").hidden = false;
  byId("who").textContent = session.who;
  byId(matchMedia("(hover: hover)").matches ? "text" : "log").focus(); // a phone's keyboard would cover the page
  chat = new Chat(session.token);
  chat.run();
}

// --- The text box --------------------------------------------------------------------------

/** Say how much room is left; true when the text may be sent. */
function checkLength() {
  const text = /** @type {HTMLTextAreaElement} */ (byId("text"));
  const length = [...text.value.trim()].length; // characters as the service counts them
  const over = length > MAX_LENGTH;
  const notice = byId("length");
  if (over) notice.textContent = fill(words.chat.too_long, { n: length - MAX_LENGTH, max: MAX_LENGTH });
  else notice.textContent = length >= SHOW_LENGTH_FROM ? fill(words.chat.left, { n: MAX_LENGTH - length }) : "";
  notice.classList.toggle("error", over);
  text.setAttribute("aria-invalid", String(over));
  return length > 0 && !over;
}

function listen() {
  const text = /** @type {HTMLTextAreaElement} */ (byId("text"));
  const composer = /** @type {HTMLFormElement} */ (byId("composer"));
  text.addEventListener("input", checkLength);
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!checkLength()) return text.focus();
    chat?.send(text.value.trim());
    text.value = "";
    checkLength();
  });
  for (const button of byId("shortcuts").querySelectorAll("button")) {
    button.addEventListener("click", () => {
      const text = button.textContent ?? "";
      const onItsWay = chat?.pending.some((one) => one.text === text && one.state !== "failed");
      if (!onItsWay) chat?.send(text); // a double click is one wish
    });
  }
  byId("leave").addEventListener("click", () => showStart());
  byId("visit").addEventListener("submit", (event) => {
    event.preventDefault();
    const [chosen] = /** @type {HTMLSelectElement} */ (byId("vendor")).selectedOptions;
    const body = { vendor: chosen.value || null, language: PAGE_LANGUAGE };
    begin("/api/v1/guest", body, words.start.visitor_name, chosen.value && chosen.text);
  });
}

try {
  /** @type {Session | null} */
  const stored = JSON.parse(sessionStorage.getItem(SESSION_KEY) ?? "null");
  await speak(stored?.language ?? PAGE_LANGUAGE);
  listen();
  if (stored) openChat(stored);
  else showStart();
} catch {
  document.body.textContent = document.querySelector("noscript")?.textContent ?? "";
}
