using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Programs.BinaryTrees;

/// <summary>Nodes at raw pointers, from a plain bump allocator over blocks of the C library.</summary>
internal sealed class RawTrees : ITrees
{
    private readonly Bump _nodes = new();
    private readonly Bump _kept = new();
    private unsafe PointerNode* _root;

    public static ITrees Create() => new RawTrees();

    public int CountOnce(int depth)
    {
        unsafe
        {
            // SAFETY: the nodes are valid until the reset.
            int count = PointerNode.Count(Make(_nodes, depth));
            _nodes.Reset();
            return count;
        }
    }

    public void Keep(int depth)
    {
        unsafe
        {
            // SAFETY: the nodes are valid until this object is disposed.
            _root = Make(_kept, depth);
        }
    }

    public int CountKept()
    {
        unsafe
        {
            // SAFETY: the nodes are valid until this object is disposed.
            return PointerNode.Count(_root);
        }
    }

    public void Dispose()
    {
        _nodes.Free();
        _kept.Free();
    }

    private static unsafe PointerNode* Make(Bump nodes, int depth)
    {
        PointerNode node = default;
        if (depth > 0)
        {
            node.Left = Make(nodes, depth - 1);
            node.Right = Make(nodes, depth - 1);
        }

        PointerNode* place = nodes.Next();
        *place = node;
        return place;
    }

    /// <summary>Blocks of 256 KiB, one after another. A reset begins again with the first one.</summary>
    private sealed class Bump
    {
        private const int BlockBytes = 256 * 1024;

        private readonly List<nint> _blocks = [];
        private unsafe byte* _next;
        private unsafe byte* _end;
        private int _used;

        /// <safety>The node is valid until the next reset.</safety>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public unsafe PointerNode* Next()
        {
            byte* end = _next + sizeof(PointerNode);
            if (end > _end)
            {
                Grow();
                end = _next + sizeof(PointerNode);
            }

            byte* place = _next;
            _next = end;
            return (PointerNode*)place;
        }

        public void Reset()
        {
            unsafe
            {
                // SAFETY: no node is used any more.
                _next = _end = null;
                _used = 0;
            }
        }

        public void Free()
        {
            foreach (nint block in _blocks)
            {
                unsafe
                {
                    // SAFETY: the block is from Alloc, and no node is used any more.
                    NativeMemory.Free((void*)block);
                }
            }

            _blocks.Clear();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private unsafe void Grow()
        {
            if (_used == _blocks.Count)
            {
                _blocks.Add((nint)NativeMemory.Alloc(BlockBytes));
            }

            _next = (byte*)_blocks[_used++];
            _end = _next + BlockBytes;
        }
    }
}
