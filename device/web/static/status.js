// Keeps the status page as it is now, without loading it anew: a screen reader hears only what changed.
// Written for old tablets too. Whoever has no script at all gets the page anew by itself (see status.html).
"use strict";

(function () {
  var now = document.getElementById("now");
  var lost = document.getElementById("lost");
  var pause = Number(document.body.getAttribute("data-every-s")) * 1000;

  function show(lens, title, content) {
    if (document.body.className !== lens) {
      document.body.className = lens;
    }
    if (document.title !== title) {
      document.title = title;
    }
    if (now.innerHTML !== content) {
      now.innerHTML = content;
    }
  }

  // Better no answer than an old one: the device may be recording by now.
  function admit() {
    show(lost.getAttribute("data-lens"), lost.getAttribute("data-title"), lost.innerHTML);
  }

  function take(text) {
    var page = new DOMParser().parseFromString(text, "text/html");
    var fresh = page.getElementById("now");
    if (fresh) {
      show(page.body.className, page.title, fresh.innerHTML);
    } else {
      admit();
    }
  }

  function ask() {
    var request = new XMLHttpRequest();
    request.open("GET", window.location.href);
    request.timeout = Math.max(pause, 5000);
    request.onload = function () {
      if (request.status === 200) {
        take(request.responseText);
      } else {
        admit();
      }
    };
    request.onerror = request.ontimeout = admit;
    request.onloadend = function () {
      window.setTimeout(ask, pause);
    };
    request.send();
  }

  window.setTimeout(ask, pause);
})();
