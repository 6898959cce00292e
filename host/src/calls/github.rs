//! GitHub, by area; each function is one method of the client, journalled.

mod ci;
mod issues_write;
mod pulls_write;
mod repository;
mod threads_read;
