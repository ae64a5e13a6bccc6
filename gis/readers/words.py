"""The words of many offices: how headers and layers are called, per column and layer of the schema.

One text per target, words separated by blanks, the likeliest first.  What is done with them is for
`gis.readers.columns`.
"""

from __future__ import annotations

from collections.abc import Mapping

# Columns that mean the same in every layer, coordinates and address parts among them.
SHARED: Mapping[str, str] = {
    "lon": "经度 东经 lon lng long longitude x 坐标x x坐标 经度坐标 lon_wgs84 point_x",
    "lat": "纬度 北纬 lat latitude y 坐标y y坐标 纬度坐标 lat_wgs84 point_y",
    "households": (
        "户数 总户数 户 家庭户数 户籍户数 实有户数 常住户数 住户数 居民户数 户数合计 实住户数 戶數 households "
        "household hh hhs num_households household_count dwellings dwelling_units total_dwelling_units "
        "units_total flats housing_units no_of_households h_cnt"
    ),
    "population": (
        "人口 人口数 总人口 常住人口 实有人口 户籍人口 居民数 人数 人口合计 population pop persons residents "
        "totpop pop_total total_population p_cnt"
    ),
    "levels": (
        "层数 楼层 楼层数 地上层数 总层数 地上楼层 levels floors storeys stories building_levels max_floor_lvl "
        "num_floors building:levels floor_count"
    ),
    "use": "用途 建筑用途 使用性质 房屋用途 建筑类型 房屋性质 use usage building_use building_type landuse",
    "community": (
        "社区 所属社区 社区名称 社区代码 社区编码 村居 村社区 居委会 村委会 村 所属村居 里 行政村 community "
        "community_code community_name commune village bldg_contract_town neighbourhood"
    ),
    "town": "街道 镇街 乡镇 所属街道 街道乡镇 街道名称 乡镇街道 town township subdistrict district",
    "street": "路 道路 路名 街路巷 街路巷名称 街巷 道路名称 street street_name road_name addr:street",
    "number": "门牌号 门牌 门楼牌 门楼牌号 号 housenumber house_number street_number addr:housenumber",
    "estate": "小区 小区名称 所属小区 住宅小区 小区名 院落 楼盘 estate estate_name compound",
    "building": (
        "楼栋 楼栋号 幢号 栋号 楼号 楼幢号 幢 栋 楼幢 楼栋名称 楼房号 楼座 座号 building_no building_number block "
        "block_no blk_no blk building building_name bldg"
    ),
    "stairwell": "单元 单元号 梯 stairwell entrance",
    "text": (
        "地址 详细地址 标准地址 门牌地址 地址全称 楼栋地址 住址 坐落 地址名称 address addr full_address "
        "address_text text addr_full address_std"
    ),
    "building_id": "楼栋编码 楼栋代码 建筑编码 building_id bldg_id",
}

IDS = "id 编号 编码 代码 唯一标识 标识码 code objectid_1 gid uid osm_id geoid geoid10"
BUILDING_IDS = "楼栋编码 楼栋代码 楼栋编号 建筑编码 建筑编号 房屋编号 幢编号 building_id bldg_id house_id"

# Columns that mean something else, or mean it first, in one layer.
OWN: Mapping[str, Mapping[str, str]] = {
    "communities": {
        "code": "社区代码 社区编码 村居代码 行政区划代码 区划代码 代码 编码 统计用区划代码 code id villcode",
        "name": "社区名称 村居名称 社区 名称 村名 行政村名 name community_name villname name_zh",
        "kind": "类型 城乡 城乡类型 类别 kind type",
        "class_code": "城乡分类 城乡分类代码 class_code",
    },
    "units": {
        "id": (
            "id 编号 编码 代码 唯一标识 标识码 code objectid_1 gid uid osm_id geoid geoid10 小组编码 组编号 geoid10"
        ),
        "community": "ward",
    },
    "buildings": {
        "id": f"{BUILDING_IDS} {IDS}",
    },
    "rosters": {
        "id": f"{BUILDING_IDS} {IDS}",
    },
    "zones": {
        "id": IDS,
    },
    "addresses": {
        "id": f"地址编码 地址代码 地址编号 门牌编码 {IDS}",
        "building_id": BUILDING_IDS,
    },
    "streets": {
        "name": "路名 道路名称 名称 name 街路巷名称",
        "class": "道路等级 等级 类型 class highway fclass type road_class",
        "speed_kmh": "限速 maxspeed speed",
    },
    "barriers": {
        "kind": "类型 kind type barrier fclass",
    },
    "estates": {
        "name": "小区名称 名称 小区 楼盘名称 name estate_name",
        "kind": "类型 kind type",
        "dedicated": "专属 专属网格 是否专属",
    },
    "grids": {
        "code": "网格编码 网格代码 网格编号 编码 code id",
        "name": "网格名称 名称 name",
    },
    "posts": {
        "kind": "类型 kind type",
        "name": "名称 岗位名称 name",
    },
    "cameras": {
        "kind": "类型 kind type",
        "heading_deg": "朝向 方位角 heading",
        "status": "状态",
    },
    "key_places": {
        "kind": "类型 类别 kind type",
        "name": "名称 场所名称 name",
    },
    "incidents": {
        "kind": "类型 事件类型 警情类型 kind type category",
        "received_at": "接报时间 发生时间 受理时间 上报时间 received_at time datetime date",
        "state": "状态 办理状态 state status",
        "id": f"事件编号 警情编号 {IDS}",
    },
    "incident_rows": {
        "id": f"事件编号 警情编号 案件编号 工单编号 工单号 incident_id event_id case_id {IDS}",
        "address": f"{SHARED['text']} 事发地点 发生地点 案发地点 地点 location place",
        "received_at": (
            "接报时间 发生时间 受理时间 上报时间 报警时间 接警时间 案发时间 received_at received reported_at "
            "occurred_at datetime timestamp"
        ),
        "date": "日期 发生日期 接报日期 上报日期 受理日期 date day",
        "time": "时间 时刻 发生时刻 time output_time clock hour 小时",
        "kind": "类型 事件类型 警情类型 案件类型 事件类别 警情类别 类别 kind type category",
        "priority": "优先级 紧急程度 警情等级 事件等级 等级 priority urgency severity",
        "state": "状态 办理状态 处理状态 state status",
        "level": "层级 处置层级 办理层级 level",
        "result": "结果 处理结果 办理结果 处置结果 result outcome",
        "title": "标题 事件标题 事件名称 title subject",
        "grid": "网格编码 网格代码 网格编号 所属网格 网格 grid grid_code",
        "body": "责任单位 处置部门 承办单位 处理部门 承办部门 body department agency",
        "assessed_at": "研判时间",
        "assigned_at": "分派时间 派单时间",
        "dispatched_at": "派警时间 出警时间 调度时间",
        "arrived_at": "到达时间 到场时间",
        "feedback_at": "反馈时间 处置时间 处理时间 handled_at",
        "verified_at": "核查时间 核实时间",
        "closed_at": "办结时间 结案时间 完成时间 closed",
        "cancelled_at": "作废时间 撤销时间 cancelled",
    },
}

# Parts of a layer's or file's name that say what it holds; the first role that fits wins.
ROLE_WORDS: Mapping[str, str] = {
    "addresses": "address addr 地址 门牌 门楼牌",
    "estates": "estate compound 小区 红线 院落",
    "buildings": "building bldg block 楼栋 建筑 房屋 幢",
    "streets": "street road highway 道路 路网 街巷",
    "barriers": "barrier river water rail railway wall 河流 水系 铁路 围墙",
    "units": "unit 小组 普查小区 最小统计区 basecode",
    "zones": "zone census 人口 population pop",
    "grids": "grid 网格",
    "posts": "post 警务 岗亭 值守",
    "cameras": "camera 监控 摄像 视频 探头",
    "key_places": "key_place poi 重点 场所",
    "incidents": "incident event 事件 警情 案件",
    "communities": "communit village quarter admin boundary 社区 村居 行政村 居委",
    "rosters": "roster 台账 花名册 统计表 名册",
}

# Words for the kinds a layer allows.
KIND_WORDS: Mapping[str, Mapping[str, str]] = {
    "communities": {
        "urban": "城市 城镇 城区 居委会 社区 u city town 111 112 121 122 123",
        "rural": "农村 乡村 村 村委会 建制村 行政村 r village 210 220",
    },
    "barriers": {
        "river": "河流 河 江 溪 stream canal",
        "water": "水 水域 水面 湖 湖泊 水库 lake pond reservoir",
        "railway": "铁路 铁道 轨道 rail subway light_rail tram",
        "motorway": "高速 高速公路 快速路 expressway freeway",
        "wall": "围墙 墙 栅栏 围栏 fence city_wall hedge",
    },
    "estates": {
        "estate": "小区 住宅小区 封闭小区 住宅 residential compound",
        "business": "商务 写字楼 商务区 商业 office commercial",
        "market": "市场 商场 农贸市场 retail mall",
        "school": "学校 校园 大学 university college",
        "hospital": "医院",
        "industrial": "工业 工业园 园区 厂区 industry factory",
        "park": "公园 绿地 景区",
        "government": "机关 政府 军队 public",
    },
    "posts": {
        "police": "派出所 警务室 警务站 公安",
        "patrol": "巡逻 巡防 岗亭",
        "emergency": "应急 消防 急救 fire",
        "service": "服务 服务站 便民",
    },
}
