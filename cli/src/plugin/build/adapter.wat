;; WASI preview 1 without any authority: all its functions, none of which leaves the component. Errors are 8 (no such file
;; descriptor) where files would be, and 52 (not supported) for all else.
(module
  (import "env" "memory" (memory 0))
  ;; 2000-01-01, in nanoseconds since 1970.
  (global $now (mut i64) (i64.const 946684800000000000))
  (global $seed (mut i64) (i64.const 0x9E3779B97F4A7C15))

  ;; No arguments, no environment.
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "args_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0))
    (i32.store (local.get 1) (i32.const 0))
    (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0))
    (i32.store (local.get 1) (i32.const 0))
    (i32.const 0))

  ;; A clock that is the same in every run: each look is a microsecond after the last. Plugins take the time from their
  ;; client-agent.
  (func (export "clock_res_get") (param i32 i32) (result i32)
    (i64.store (local.get 1) (i64.const 1000))
    (i32.const 0))
  (func (export "clock_time_get") (param i32 i64 i32) (result i32)
    (global.set $now (i64.add (global.get $now) (i64.const 1000)))
    (i64.store (local.get 2) (global.get $now))
    (i32.const 0))
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_close") (param i32) (result i32) (i32.const 0))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))

  ;; What is printed is swallowed: a plugin's log is an import of the contract.
  (func (export "fd_write") (param i32 i32 i32 i32) (result i32)
    (local $written i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get 2)))
        (local.set $written (i32.add (local.get $written) (i32.load offset=4 (local.get 1))))
        (local.set 1 (i32.add (local.get 1) (i32.const 8)))
        (local.set 2 (i32.sub (local.get 2) (i32.const 1)))
        (br $next)))
    (i32.store (local.get 3) (local.get $written))
    (i32.const 0))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))

  ;; Whatever is waited for has come.
  (func (export "poll_oneoff") (param i32 i32 i32 i32) (result i32)
    (i64.store (local.get 1) (i64.load (local.get 0)))
    (i32.store16 offset=8 (local.get 1) (i32.const 0))
    (i32.store8 offset=10 (local.get 1) (i32.load8_u offset=8 (local.get 0)))
    (i64.store offset=16 (local.get 1) (i64.const 0))
    (i64.store offset=24 (local.get 1) (i64.const 0))
    (i32.store (local.get 3) (i32.const 1))
    (i32.const 0))

  ;; A plugin that ends itself has failed.
  (func (export "proc_exit") (param i32) unreachable)
  (func (export "proc_raise") (param i32) (result i32) (i32.const 52))

  ;; Numbers that are the same in every run (xorshift). They are good for hash tables, and for no secret.
  (func (export "random_get") (param i32 i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get 1)))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
        (i64.store8 (local.get 0) (global.get $seed))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (br $next)))
    (i32.const 0))
  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 52)))
