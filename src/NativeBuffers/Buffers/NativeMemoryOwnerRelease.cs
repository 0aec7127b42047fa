using NativeBuffers.Blocks.Handles;
using NativeBuffers.Buffers;

namespace NativeBuffers;

/// <summary>Hands the block of an owner to C together with the function that frees it.</summary>
public static class NativeMemoryOwnerRelease
{
    /// <param name="owner">The owner of the block.</param>
    extension<T>(NativeMemoryOwner<T> owner)
        where T : unmanaged
    {
        /// <summary>Hands the block to C, which frees it by calling a function. The owner counts as disposed afterwards.</summary>
        /// <remarks>
        /// <para>For functions of C that take memory and a function that frees it, such as <c>sqlite3_bind_blob</c>. The owner may be of any
        /// allocator. C may call the function on any thread, also during the call that takes the memory.</para>
        /// <para>Safety: C calls the function once, with the address that this returns, and uses the memory only before.</para>
        /// </remarks>
        /// <param name="free">Takes the address that this returns, and frees the block. A call with an unknown address does nothing.</param>
        /// <returns>The first element. If C does not take the memory after all, call <paramref name="free"/>.</returns>
        /// <exception cref="InvalidOperationException">The memory is borrowed or pinned.</exception>
        /// <exception cref="ObjectDisposedException">The owner was disposed.</exception>
        public unsafe T* Release(out delegate* unmanaged<void*, void> free)
        {
            free = &ReleasedBlocks.Free;
            NativeMemoryOwner<T> moved = owner.Move();
            return (T*)ReleasedBlocks.Keep(moved.Owned.Start, moved);
        }
    }
}
