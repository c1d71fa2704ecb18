(function () {
  "use strict";
  var root = document.documentElement;
  var stored = null;
  try { stored = localStorage.getItem("refract-theme"); } catch (e) { /* no storage for this file */ }
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;

  document.querySelectorAll(".js").forEach(function (node) { node.classList.remove("js"); });

  function dark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  var toggle = document.getElementById("theme");
  function label() { toggle.textContent = dark() ? toggle.dataset.light : toggle.dataset.dark; }
  if (toggle) {
    label();
    toggle.addEventListener("click", function () {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("refract-theme", root.dataset.theme); } catch (e) { /* not remembered */ }
      label();
    });
  }

  function say(button, text) {
    var before = button.textContent;
    button.textContent = text;
    setTimeout(function () { button.textContent = before; }, 1500);
  }
  function copy(button, text) {
    function old() {
      var area = document.createElement("textarea");
      area.value = text;
      document.body.appendChild(area);
      area.select();
      var done = document.execCommand("copy");
      area.remove();
      say(button, done ? button.dataset.done : button.dataset.failed);
    }
    if (navigator.clipboard && window.isSecureContext)
      navigator.clipboard.writeText(text).then(function () { say(button, button.dataset.done); }, old);
    else
      old();
  }
  document.querySelectorAll("button[data-copy]").forEach(function (button) {
    button.addEventListener("click", function () {
      copy(button, document.getElementById(button.dataset.copy).textContent);
    });
  });

  function unpack(id) {
    var bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), function (c) { return c.charCodeAt(0); });
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }
  document.querySelectorAll("button[data-json]").forEach(function (button) {
    button.addEventListener("click", function () {
      unpack(button.dataset.json).then(function (text) {
        var pretty = JSON.stringify(JSON.parse(text), null, 2) + "\n";
        if (button.dataset.into) {
          document.getElementById(button.dataset.into).textContent = pretty;
          return;
        }
        var link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([pretty], { type: "application/json" }));
        link.download = button.dataset.name;
        link.click();
        setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
      });
    });
  });

  var opened = [];
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details.candidate:not([open])").forEach(function (node) { node.open = true; opened.push(node); });
  });
  addEventListener("afterprint", function () { opened.forEach(function (node) { node.open = false; }); opened = []; });
})();
