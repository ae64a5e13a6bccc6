// Words, numbers and elements: the one way text gets onto the page.
// Every text becomes a text node, never markup, so that no name in the data can do anything but be read.
"use strict";

const gridwright = {};

(() => {
  const data = JSON.parse(document.getElementById("gw-data").textContent);
  let language = data.language;
  const listeners = [];

  // A sentence with its {placeholders} filled in; {n:grid|grids} gives the first part of exactly one, else the second.
  function say(key, facts = {}) {
    const text = data.words[language][key];
    if (text === undefined) return key;
    return text.replace(/\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g, (_, name, one, many) => {
      if (many !== undefined) return String(facts[name]) === "1" ? one : many;
      return name in facts ? String(facts[name]) : "?";
    });
  }

  // A word for a code that a newer program may have made: shows the code where there is none.
  function sayCode(prefix, code) {
    return data.words[language][prefix + code] === undefined ? String(code) : say(prefix + code);
  }

  // Made once each: a table of a city has tens of thousands of numbers.
  const formats = new Map();

  function number(value, digits = 0) {
    if (value === null || value === undefined) return "–";
    const key = `${language} ${digits}`;
    if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en-GB", { maximumFractionDigits: digits }));
    return formats.get(key).format(value);
  }

  function percent(frac) {
    if (frac === null || frac === undefined) return "–";
    return `${number(frac * 100, frac < 0.1 ? 1 : 0)} %`;
  }

  function area(m2) {
    if (m2 >= 1e6) return say("unit_km2", { n: number(m2 / 1e6, 2) });
    if (m2 >= 1e4) return say("unit_ha", { n: number(m2 / 1e4, 1) });
    return say("unit_m2", { n: number(m2) });
  }

  // element("p", { class: "x", onclick: f }, "text", child, ...): strings become text nodes.
  function element(name, attributes = {}, ...children) {
    const drawn = name.startsWith("svg:");
    const node = drawn
      ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : String(value));
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  const byId = (id) => document.getElementById(id);

  // Fill what stands in the skeleton: data-say gives the text, data-say-title and data-say-label the attributes.
  function fillSkeleton() {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = data.title || say("title");
    for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
    for (const node of document.querySelectorAll("[data-say-title]")) node.title = say(node.dataset.sayTitle);
    for (const node of document.querySelectorAll("[data-say-label]")) {
      node.setAttribute("aria-label", say(node.dataset.sayLabel));
    }
    for (const node of document.querySelectorAll("[data-say-placeholder]")) {
      node.placeholder = say(node.dataset.sayPlaceholder);
    }
  }

  function setLanguage(next) {
    language = next;
    fillSkeleton();
    for (const listener of listeners) listener();
  }

  Object.assign(gridwright, {
    data, say, sayCode, number, percent, area, element, byId, setLanguage,
    onLanguage: (listener) => listeners.push(listener),
    language: () => language,
  });
})();
