/** The page starts here. */
import { mount } from "svelte";
import App from "./App.svelte";
import { showLook } from "./features/prefs.svelte";
import { layIcons } from "./ui/icons";
import "./style/tokens.css";
import "./style/base.css";
import "./style/frame.css";

showLook();
layIcons();
const place = document.getElementById("app");
if (place) mount(App, { target: place });
