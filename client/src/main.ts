/** The page starts here. */
import { mount } from "svelte";
import App from "./App.svelte";
import { showLook } from "./features/prefs.svelte";
import "./style/tokens.css";
import "./style/base.css";
import "./style/frame.css";

showLook();
const place = document.getElementById("app");
if (place) mount(App, { target: place });
