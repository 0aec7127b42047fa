using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.Interop.Page;

internal sealed unsafe class SqliteBlock() : SafeNativeBuffer(s_allocator)
{
    private static readonly NativeAllocator s_allocator = NativeAllocator.FromFree(
        "sqlite3_free",
        (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(NativeLibrary.Load("libsqlite3.so.0"), "sqlite3_free"));
}
