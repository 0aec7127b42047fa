using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop.Page;

internal sealed unsafe class SqliteBlock() : SafeNativeBuffer(s_allocator)
{
    private static readonly nint s_sqlite = NativeLibrary.Load("libsqlite3.so.0");

    private static readonly NativeAllocator s_allocator = NativeAllocator.FromFree(
        "sqlite3_free",
        (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(s_sqlite, "sqlite3_free"),
        (delegate* unmanaged<void*, nuint>)NativeLibrary.GetExport(s_sqlite, "sqlite3_msize"));
}
